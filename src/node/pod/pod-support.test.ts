import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { containerOf, podOf } from './fixture.ts'
import { type NodeSupport, unsupported } from './pod-support.ts'

const all: NodeSupport = { supplementalGroupsPolicy: true, appArmor: true, seLinux: false }
const none: NodeSupport = { supplementalGroupsPolicy: false, appArmor: false, seLinux: true }
const appArmor = 'AppArmor: Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host'
const annotation = 'container.apparmor.security.beta.kubernetes.io/c'

const rows: { name: string; pod: Pod; without?: string; with?: string }[] = [
  { name: 'a pod that asks for nothing', pod: podOf() },
  { name: 'a Linux pod', pod: podOf({ os: { name: 'linux' } }, { labels: { 'kubernetes.io/os': 'linux' } }) },
  {
    name: 'a Windows pod',
    pod: podOf({ os: { name: 'windows' } }),
    without: "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
    with: "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
  },
  {
    name: 'a pod labelled for Windows',
    pod: podOf({}, { labels: { 'kubernetes.io/os': 'windows' } }),
    without:
      "PodOSSelectorNodeLabelDoesNotMatch: Pod was rejected: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    with: "PodOSSelectorNodeLabelDoesNotMatch: Pod was rejected: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
  },
  {
    name: 'strict groups',
    pod: podOf({ securityContext: { supplementalGroupsPolicy: 'Strict' } }),
    without: 'SupplementalGroupsPolicyNotSupported: Pod was rejected: SupplementalGroupsPolicy=Strict is not supported in this node',
  },
  { name: 'merged groups', pod: podOf({ securityContext: { supplementalGroupsPolicy: 'Merge' } }) },
  { name: 'AppArmor of the pod', pod: podOf({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }), without: appArmor },
  { name: 'no AppArmor by name', pod: podOf({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }) },
  {
    name: 'AppArmor of an init container',
    pod: podOf({
      initContainers: [containerOf('i', { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } })],
    }),
    without: appArmor,
  },
  { name: 'AppArmor by annotation', pod: podOf({}, { annotations: { [annotation]: 'localhost/p' } }), without: appArmor },
  { name: 'no AppArmor by annotation', pod: podOf({}, { annotations: { [annotation]: 'unconfined' } }) },
  {
    name: 'options of Windows',
    pod: podOf({ securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } }),
    without: "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
    with: "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
  },
  {
    name: 'a label of SELinux where the host has it',
    pod: podOf({ containers: [containerOf('c', { securityContext: { seLinuxOptions: { level: 's0' } } })] }),
    without:
      'SELinux: Pod was rejected: Cannot give SELinux labels: spec.securityContext.seLinuxOptions is not supported on this node, whose host has SELinux',
  },
]
for (const row of rows) {
  test(`unsupported(): ${row.name}`, () => {
    const text = (support: NodeSupport) => {
      const refusal = unsupported(row.pod, support)
      return refusal && `${refusal.reason}: ${refusal.message}`
    }
    assert.equal(text(none), row.without)
    assert.equal(text(all), row.with)
  })
}
