import { DEFAULT_POLICY, type Policy } from '../../protocol/policy.js';

/** The system's settings, complete. */
export interface SettingsValues {
  policy: Policy;
  agents: {
    /** How often a host says that it is there. */
    heartbeatInterval: string;
    /** A host that has been silent this long is offline. */
    offlineAfter: string;
  };
}

export const DEFAULT_SETTINGS: Readonly<SettingsValues> = {
  policy: DEFAULT_POLICY,
  agents: { heartbeatInterval: '15s', offlineAfter: '1m' },
};
