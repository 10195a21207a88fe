// What /version says: the Kubernetes that is served, and who serves it.

export const versionInfo = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0+bulkhead',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  emulationMajor: '1',
  emulationMinor: '33',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '32',
}
