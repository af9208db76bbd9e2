import { readFileSync } from 'node:fs';
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
const OID_CHAR = 18;
const OID_TEXT = 25;

interface RowDescription {
  fields: { name: string; dataTypeID: number }[];
}

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

/** Prisma's own schema engine (WebAssembly) on a database: the judge of whether schema, migrations and database agree. */
export async function schemaEngine(url: string) {
  const folder = join(process.cwd(), 'node_modules/@prisma/schema-engine-wasm');
  const glue = await import(pathToFileURL(join(folder, 'schema_engine_bg.js')).href);
  const module = new WebAssembly.Module(readFileSync(join(folder, 'schema_engine_bg.wasm')));
  const instance = new WebAssembly.Instance(module, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  const content = readFileSync(SCHEMA, 'utf8');
  const options: pg.PoolConfig = { connectionString: url, Client: CatalogueClient };
  const plain = new PrismaPg(options);
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: plain.provider,
    adapterName: plain.adapterName,
    connect: async () => givingChars(await plain.connect()),
    connectToShadowDb: async () => givingChars(await plain.connectToShadowDb()),
  });
  const engine = await glue.SchemaEngine.new({ datamodels: [[SCHEMA, content]] }, () => undefined, factory);
  return { engine, schema: { path: SCHEMA, content } };
}
