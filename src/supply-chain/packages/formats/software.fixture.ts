// An image with packages of several ecosystems, for tests.
import type { Software } from '../software.ts'
import type { Origin } from './origin.ts'

export const origin: Origin = { tool: 'bulkhead', version: '1.0.0', createdAt: '2026-12-01T12:00:00Z' }
const debian = { id: 'debian', version: '12' }
export const software: Software = {
  subject: { kind: 'image', name: 'r.example/web:1', digest: `sha256:${'a1'.repeat(32)}` },
  distribution: debian,
  packages: [
    {
      type: 'deb',
      name: 'a',
      version: '1:2-3',
      architecture: 'amd64',
      source: { name: 'src', version: '2' },
      distribution: debian,
      locations: ['/var/lib/dpkg/status'],
    },
    { type: 'npm', namespace: 's', name: 'b', version: '1.0.0', licenses: ['MIT'], locations: ['/app/node_modules/@s/b/package.json'] },
    { type: 'maven', namespace: 'org.example', name: 'c', version: '1', locations: [] },
    { type: 'golang', name: 'r.example/BurntSushi/d', version: 'v1.0.0', locations: ['/bin/d'] },
  ],
  skipped: [],
}
