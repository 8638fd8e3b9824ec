/** Names every skipped test at the end; with CI=true a skipped test fails the run. */
export default class SkipsReporter {
  skipped = [];

  onTestResult(_test, result) {
    for (const { status, fullName } of result.testResults) {
      if (status === 'pending' || status === 'todo' || status === 'disabled') this.skipped.push(fullName);
    }
  }

  onRunComplete() {
    const names = [...new Set(this.skipped)];
    // A run limited to some tests by name (-t) leaves the others out on purpose.
    if (names.length === 0 || process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument)))
      this.skipped = [];
    else console.error(`Skipped ${names.length}:\n  ${names.join('\n  ')}`);
  }

  getLastError() {
    if (process.env.CI === 'true' && this.skipped.length > 0)
      return new Error(`${this.skipped.length} tests were skipped, and CI allows none`);
  }
}
