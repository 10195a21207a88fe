import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { createAdmission } from '../chain.ts'
import { createPlugin } from '../plugin-definition.ts'
import { admit, goodSpec, pod, readerOf, refusal, upstream } from '../plugins.fixture.ts'
import { operatingSystem } from './operating-system.ts'

const windows = { ...goodSpec(), os: { name: 'windows' } }
const deploymentOf = (spec: object, finalizers: string[] = []): KubeObject =>
  ({ metadata: { name: 'd', namespace: 'team', finalizers }, spec: { template: { spec } } }) as KubeObject
const nodeOf = (system: string) => ({ metadata: { name: system, labels: { 'kubernetes.io/os': system } } })
const linuxOnly = createAdmission([createPlugin(operatingSystem, { reader: readerOf({ 'nodes//linux': nodeOf('linux') }) })])
const mixed = createAdmission([
  createPlugin(operatingSystem, { reader: readerOf({ 'nodes//linux': nodeOf('linux'), 'nodes//windows': nodeOf('windows') }) }),
])

test('OperatingSystem refuses a pod for a system that no node runs, and says what is admitted', async () => {
  const err = await refusal({ kind: 'pods', object: pod(windows) }, linuxOnly)
  assert.equal(
    err.message,
    'pods "p" is forbidden: spec.os.name is for "windows", and no node of this cluster runs it; pods without it, or with "linux", are admitted',
  )
  await admit({ kind: 'pods', object: pod({ ...goodSpec(), os: { name: 'linux' } }) }, linuxOnly)
  await admit({ kind: 'pods', object: pod(windows) }, mixed)
})

test('OperatingSystem looks at the node that a pod names', async () => {
  await admit({ kind: 'pods', object: pod({ ...windows, nodeName: 'windows' }) }, mixed)
  assert.match(
    (await refusal({ kind: 'pods', object: pod({ ...windows, nodeName: 'linux' }) }, mixed)).message,
    /node "linux" does not run it/,
  )
})

test('OperatingSystem refuses the template of a workload, and lets one that is there be changed elsewhere', async () => {
  const object = deploymentOf(windows)
  assert.match((await refusal({ kind: 'deployments', object }, linuxOnly)).message, /spec\.template\.spec\.os\.name is for "windows"/)
  const oldObject = deploymentOf(windows, ['example.com/x'])
  await admit({ kind: 'deployments', operation: 'UPDATE', object, oldObject }, linuxOnly)
})

test('the secure profile refuses the exemptions of Windows pods from Pod Security if every node runs Linux; the upstream profile does not', async () => {
  const bare = { securityContext: { runAsNonRoot: true }, os: { name: 'windows' }, containers: [{ name: 'c', image: 'i' }] }
  assert.match((await refusal({ kind: 'pods', object: pod(bare) })).message, /spec\.os\.name is for "windows"/)
  await admit({ kind: 'pods', object: pod(bare) }, upstream)
})

test('OperatingSystem takes options of Windows for the same as its name: elsewhere they would have no effect', async () => {
  const options = { windowsOptions: { runAsUserName: 'ContainerUser' } }
  const { message } = await refusal(
    { kind: 'pods', object: pod({ containers: [{ name: 'c', image: 'i', securityContext: options }] }) },
    linuxOnly,
  )
  assert.match(message, /spec\.containers\[0\]\.securityContext\.windowsOptions is for "windows".*; pods without it are admitted$/)
  await refusal({ kind: 'pods', object: pod({ ...goodSpec(), securityContext: options }) }, linuxOnly)
})
