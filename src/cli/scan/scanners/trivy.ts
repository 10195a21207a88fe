// Trivy: https://trivy.dev/docs/latest/guide/references/configuration/cli/trivy_image/
import type { Scanner } from './scanner.ts'

/** It fetches nothing: neither advisories nor versions of itself nor answers about Java archives. */
const offline = ['--skip-db-update', '--skip-java-db-update', '--skip-version-check', '--offline-scan', '--disable-telemetry']

export const trivy: Scanner = {
  name: 'trivy',
  arguments({ kind, path }, platform) {
    const chosen = platform === undefined ? [] : ['--platform', platform]
    const target = kind === 'directory' ? ['fs', path] : ['image', '--input', path, ...chosen]
    const [verb = '', ...rest] = target
    return [verb, '--quiet', '--format', 'json', '--scanners', 'vuln', ...offline, ...rest]
  },
  hint: errors =>
    /--skip-(?:java-)?db-update cannot be specified on the first run/.test(errors)
      ? 'it has no advisories: run "trivy image --download-db-only" where a network is, and copy its cache here'
      : undefined,
}
