// `/version`: the version of Kubernetes that is served, and by what.
import { kubernetesMajor, kubernetesMinor, kubernetesVersion } from '../../api/kubernetes-version.ts'

export const versionInfo = {
  major: kubernetesMajor,
  minor: kubernetesMinor,
  emulationMajor: kubernetesMajor,
  emulationMinor: kubernetesMinor,
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '32',
  gitVersion: kubernetesVersion,
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
}
