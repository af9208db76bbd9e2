/** All that the page looks like. Colours are told apart by lightness too; nothing is said by colour alone. */
export const STYLE = `
:root{--paper:#fff;--panel:#f4f6f8;--ink:#1b232c;--soft:#566270;--line:#d5dbe1;--ours:#1f5fa8;--taken:#7db4ea;--lost:#c2541b;--track:#e8ecf0;--warn:#fdf3e1;--warn-line:#d9a441}
@media (prefers-color-scheme:dark){:root{--paper:#14191f;--panel:#1d242c;--ink:#e6ebf0;--soft:#a2adb9;--line:#36414d;--ours:#5b9be0;--taken:#2f6aa8;--lost:#ea8a54;--track:#28313b;--warn:#2d2617;--warn-line:#a07a31}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:960px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 8px}
h2{font-size:1.2rem;margin:0 0 6px}
h3{font-size:1rem;margin:20px 0 6px}
p{margin:0 0 12px}
.whole{white-space:nowrap}
header p{color:var(--soft)}
header .lead{color:var(--ink)}
.lead{font-size:1.1rem;max-width:46em}
section{margin-top:40px}
section>p{color:var(--soft);max-width:46em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin:18px 0}
.tile{background:var(--panel);border-top:3px solid var(--ours);padding:10px 12px}
.tile.bad{border-color:var(--lost)}
.tile b{display:block;font-size:1.35rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.85rem;line-height:1.3;display:block}
aside{background:var(--panel);border-left:4px solid var(--line);padding:12px 16px;font-size:.93rem}
aside.warn{background:var(--warn);border-color:var(--warn-line)}
aside h2{font-size:1rem}
aside ul{margin:0;padding-left:1.1em}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:24px}
figure{margin:0 0 14px;max-width:540px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font-size:13px;font-family:inherit}
svg .strong{font-weight:600}
.ours,.both{fill:var(--ours)}.taken{fill:var(--taken)}.lost{fill:var(--lost)}.track{fill:var(--track)}
.open{fill:url(#hatch)}
.grid{stroke:var(--line);stroke-width:1}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0 0;padding:0;font-size:.85rem;color:var(--soft)}
.key i{display:inline-block;width:12px;height:12px;margin-right:6px;vertical-align:-1px}
.key .ours{background:var(--ours)}.key .taken{background:var(--taken)}.key .lost{background:var(--lost)}
.key .open{background:repeating-linear-gradient(135deg,var(--ours) 0 3px,var(--track) 3px 6px)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);border-bottom-width:2px;font-size:.85rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th:last-child,td:last-child{padding-right:2px}
tbody th{white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0;font-size:.92rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.sum>*{font-weight:600;border-top:2px solid var(--line)}
.none{color:var(--soft)}
footer{margin-top:44px;padding-top:10px;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
@media (max-width:560px){main{padding:18px 14px 36px}h1{font-size:1.4rem}dl{grid-template-columns:1fr}dd{margin-bottom:8px}.tiles{grid-template-columns:1fr 1fr}svg text{font-size:15px}
table{font-size:.8rem}th,td{padding-right:6px}thead th{white-space:normal!important;font-size:.75rem;vertical-align:bottom}.bare th,.bare .n,.wordy th{white-space:normal}
.wordy,.wordy thead,.wordy tbody,.stack,.stack tbody,.stack tr{display:block}.wordy tr{display:grid;grid-template-columns:1fr repeat(var(--numbers),4.8em);column-gap:8px}
.wordy tr,.stack tr{border-bottom:1px solid var(--line);padding:5px 0}.wordy th,.wordy td,.stack th,.stack td{border:0;padding:0}.wordy .n{white-space:normal}
.wordy td.w{grid-column:1/-1;order:9;color:var(--soft)}.wordy th.w,.stack thead{display:none}.stack th,.stack td{display:inline-block;padding-right:12px;overflow-wrap:anywhere}}
@media print{:root{--paper:#fff;--panel:#fff;--ink:#000;--soft:#333;--line:#999;--ours:#1f5fa8;--taken:#7db4ea;--lost:#c2541b;--track:#eee;--warn:#fff;--warn-line:#999}body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}section{break-inside:auto;margin-top:24px}figure,tr,aside,.tile{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}}
`;
