export const HOST_STATUSES = ['online', 'offline', 'deregistered'] as const;
export type HostStatus = (typeof HOST_STATUSES)[number];
