import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';

const SCHEMA = 'prisma/schema.prisma';
const MIGRATIONS = 'prisma/migrations';
const OID_CHAR = 18;
const OID_TEXT = 25;

interface RowDescription {
  fields: { name: string; dataTypeID: number }[];
}

/** The little of the platform's WebAssembly that is needed here; neither ES2023 nor the types of Node 20 declare it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Record<string, unknown>) => { exports: Record<string, unknown> };
};

/** Columns of Postgres' one-byte "char" (the catalogue's): the adapter refuses them and the engine insists on them. */
const charColumns = new Set<string>();

class CatalogueClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const { connection } = this as unknown as { connection: NodeJS.EventEmitter };
    connection.on('rowDescription', (row: RowDescription) => {
      for (const field of row.fields.filter((one) => one.dataTypeID === OID_CHAR)) {
        charColumns.add(field.name);
        field.dataTypeID = OID_TEXT;
      }
    });
  }
}

function givingChars(adapter: SqlDriverAdapter): SqlDriverAdapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const [index, name] of result.columnNames.entries()) {
      if (charColumns.has(name)) result.columnTypes[index] = ColumnTypeEnum.Character;
    }
    return result;
  };
  return adapter;
}

interface Engine {
  diff(params: object): Promise<{ exitCode: number; stdout: string | null }>;
  diagnoseMigrationHistory(params: object): Promise<{
    editedMigrationNames: string[];
    failedMigrationNames: string[];
    hasMigrationsTable: boolean;
    history: { diagnostic: string; unappliedMigrationNames?: string[] } | null;
  }>;
}

interface Glue {
  SchemaEngine: { new: (options: object, log: () => void, adapter: object) => Promise<Engine> };
  __wbg_set_wasm(exports: object): void;
}

/** Once a process: the glue keeps views of the memory of its first instance and reads nonsense with a second. */
async function instantiate(): Promise<Glue> {
  const folder = join(process.cwd(), 'node_modules/@prisma/schema-engine-wasm');
  const glue = await import(pathToFileURL(join(folder, 'schema_engine_bg.js')).href);
  const module = new WebAssembly.Module(readFileSync(join(folder, 'schema_engine_bg.wasm')));
  const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': glue });
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: () => undefined } }); // what a panic reports to
  glue.__wbg_set_wasm(exports);
  (exports.__wbindgen_start as () => void)();
  return glue;
}

let loaded: Promise<Glue> | undefined;

async function startEngine(url: string, content: string): Promise<Engine> {
  loaded ??= instantiate();
  const glue = await loaded;
  const options = { connectionString: url, Client: CatalogueClient };
  const plain = new PrismaPg(options as object as ConstructorParameters<typeof PrismaPg>[0]); // its types of pg are older
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: plain.provider,
    adapterName: plain.adapterName,
    connect: async () => givingChars(await plain.connect()),
    connectToShadowDb: async () => givingChars(await plain.connectToShadowDb()),
  });
  return glue.SchemaEngine.new({ datamodels: [[SCHEMA, content]] }, () => undefined, factory);
}

const FILTERS = { externalTables: [], externalEnums: [] };

/** Prisma's own schema engine (WebAssembly) on a database: the judge of whether schema, migrations and database agree. */
export async function schemaEngine(url: string, content = readFileSync(SCHEMA, 'utf8')) {
  const engine = await startEngine(url, content);
  const files = [{ path: SCHEMA, content }];
  return {
    /** The statements that would make the database what the schema says; an empty list where it is that already. */
    async missingStatements(): Promise<string[]> {
      const { stdout } = await engine.diff({
        from: { tag: 'schemaDatasource', files, configDir: process.cwd() },
        to: { tag: 'schemaDatamodel', files },
        script: true,
        exitCode: true,
        filters: FILTERS,
      });
      const lines = (stdout ?? '').split('\n').map((line) => line.trim());
      return lines.filter((line) => line !== '' && !line.startsWith('--'));
    },
    /** How the folder of migrations and the table of applied ones stand to each other; null where they are in step. */
    async history() {
      const migrationDirectories = readdirSync(MIGRATIONS, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => ({
          path: name,
          migrationFile: {
            path: 'migration.sql',
            content: { tag: 'ok', value: readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8') },
          },
        }));
      const lockfile = {
        path: 'migration_lock.toml',
        content: readFileSync(join(MIGRATIONS, 'migration_lock.toml'), 'utf8'),
      };
      return engine.diagnoseMigrationHistory({
        migrationsList: {
          baseDir: join(process.cwd(), MIGRATIONS),
          lockfile,
          shadowDbInitScript: '',
          migrationDirectories,
        },
        optInToShadowDatabase: false,
        filters: FILTERS,
      });
    },
  };
}
