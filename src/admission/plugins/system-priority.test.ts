import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { deployment } from '../../api/resources/apps/deployment.ts'
import { cronJob } from '../../api/resources/batch/cron-job.ts'
import { pod } from '../../api/resources/core/pod.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { systemPriority } from './system-priority.ts'

const classOf = (name: string, value: number) => ({ metadata: { name }, value })
const plugin = createPlugin(systemPriority, {
  reader: readerOf({
    'priorityclasses.scheduling.k8s.io': [classOf('system-node-critical', 2_000_001_000), classOf('own', 1_000_000_000)],
  }),
})
const podOf = (priorityClassName?: string, namespace = 'team') => ({
  metadata: { name: 'p', namespace },
  spec: { containers: [], priorityClassName },
})
const templateOf = (priorityClassName: string) => ({ metadata: {}, spec: { containers: [], priorityClassName } })
const metadata = { name: 'w', namespace: 'team' }

const refused =
  /^pods with system-node-critical priorityClass is not permitted in team namespace: it is for kube-system, and a class of at most 1000000000 would pass$/
const rows: { name: string; resource: ResourceDefinition; object: KubeObject; oldObject?: KubeObject; allowed: boolean }[] = [
  { name: 'a pod of a class of the cluster', resource: pod, object: podOf('system-node-critical'), allowed: false },
  { name: 'the same in kube-system', resource: pod, object: podOf('system-node-critical', 'kube-system'), allowed: true },
  { name: 'a pod of the highest class that users may define', resource: pod, object: podOf('own'), allowed: true },
  { name: 'a pod of no class', resource: pod, object: podOf(), allowed: true },
  {
    name: 'a pod that is there already',
    resource: pod,
    object: podOf('system-node-critical'),
    oldObject: podOf('system-node-critical'),
    allowed: true,
  },
  {
    name: 'a workload of such pods',
    resource: deployment,
    object: { metadata, spec: { template: templateOf('system-node-critical') } } as KubeObject,
    allowed: false,
  },
  {
    name: 'a workload that is changed to such pods',
    resource: deployment,
    object: { metadata, spec: { template: templateOf('system-node-critical') } } as KubeObject,
    oldObject: { metadata, spec: { template: templateOf('own') } } as KubeObject,
    allowed: false,
  },
  {
    name: 'a workload that makes workloads of such pods',
    resource: cronJob,
    object: { metadata, spec: { jobTemplate: { spec: { template: templateOf('system-node-critical') } } } } as KubeObject,
    allowed: false,
  },
]
for (const { name, resource, object, oldObject, allowed } of rows) {
  test(`systemPriority() ${allowed ? 'admits' : 'refuses'} ${name}`, async () => {
    const why = await ask(plugin, { resource, object, ...(oldObject === undefined ? {} : { oldObject }) })
    if (allowed) assert.equal(why, undefined)
    else assert.match(why?.replace(/^.* is forbidden: /, '') ?? '', refused)
  })
}
