import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AppModule } from './app.module.js';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/load-config.js';
import { buildDocument } from './openapi-document.js';

/** `batchpoint openapi [--output FILE]`: the API's document, made without a database. */
export async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { output: { type: 'string', short: 'o' } } });
  const config = loadConfig(['--log-level', 'silent'], {});
  const app = await createApp(AppModule.forConfig(config), config);
  const text = `${JSON.stringify(buildDocument(app), null, 2)}\n`;
  if (values.output === undefined) process.stdout.write(text);
  else writeFileSync(values.output, text);
  return 0;
}
