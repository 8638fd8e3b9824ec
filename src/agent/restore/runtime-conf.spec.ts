import { describe, expect, it } from '@jest/globals';
import { RUNTIME_CONF_KEYS } from '../../protocol/shim-api.js';
import { formatRuntimeConf, parseRuntimeConf, type RuntimeConf } from './runtime-conf.js';

const conf: RuntimeConf = {
  runc: '/usr/bin/runc',
  node: "/opt/it's here/node",
  main: '/a=b/main.js',
  stateDir: '/var/lib/batchpoint',
  criuDir: '',
  store: '/mnt/with space/batchpoint',
  storageWaitSeconds: 30,
  restoreLimitSeconds: 150,
};

describe('the runtime conf file', () => {
  it('holds every key of the contract, and comes back as it was written', () => {
    const text = formatRuntimeConf(conf);
    for (const key of RUNTIME_CONF_KEYS) expect(text).toMatch(new RegExp(`^${key}='.*'$`, 'm'));
    expect(parseRuntimeConf(text)).toEqual(conf);
  });

  it('is read though it is damaged: what is missing is empty, a limit that is no number is the default', () => {
    expect(parseRuntimeConf("BATCHPOINT_RUNC='/r'\n((\nBATCHPOINT_RESTORE_LIMIT_SECONDS='soon'\n")).toEqual({
      runc: '/r',
      node: '',
      main: '',
      stateDir: '',
      criuDir: '',
      store: '',
      storageWaitSeconds: 30,
      restoreLimitSeconds: 150,
    });
  });
});
