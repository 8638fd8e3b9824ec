/** A report about something that is another host's. It is never accepted, however often it comes. */
export class ForeignReportError extends Error {
  constructor(readonly detail: string) {
    super(detail);
    this.name = 'ForeignReportError';
  }
}
