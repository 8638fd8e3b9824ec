export const PREFLIGHT_STATUSES = ['pending', 'running', 'finished', 'cancelled'] as const;
export type PreflightStatus = (typeof PREFLIGHT_STATUSES)[number];

/** The states from which there is still something to come. */
export const OPEN_PREFLIGHT: PreflightStatus[] = ['pending', 'running'];

/** `failed` as soon as one section failed. What was skipped counts for neither. */
export const PREFLIGHT_VERDICTS = ['passed', 'failed'] as const;
export type PreflightVerdict = (typeof PREFLIGHT_VERDICTS)[number];
