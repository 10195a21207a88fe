import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import { sandboxConfig } from './container-config.ts'

const isPrivileged = (pod: Pod): boolean => {
  const resolver = { servers: [], searches: [], options: [] }
  const sandbox = sandboxConfig({ pod, attempt: 0, cgroupParent: '/p', logDirectory: '/l', clusterDomain: 'cluster.local', resolver })
  return sandbox.linux.securityContext.privileged
}

const privileged = [containerOf('p', { securityContext: { privileged: true } })]

// containerd runs no privileged container in a sandbox that is not privileged.
for (const [name, pod, expected] of [
  ['no privileged container', podOf({ containers: [containerOf('c', { securityContext: { privileged: false } })] }), false],
  ['a privileged container', podOf({ containers: [...privileged, containerOf('c')] }), true],
  ['a privileged init container', podOf({ initContainers: privileged }), true],
  ['a privileged ephemeral container', podOf({ ephemeralContainers: privileged }), true],
] as const) {
  test(`sandboxConfig() makes the sandbox of a pod with ${name} ${expected ? '' : 'not '}privileged`, () => {
    assert.equal(isPrivileged(pod), expected)
  })
}
