import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod, PodSpec } from '../../api/types/core-v1.ts'
import { demandOf, planAdmission } from './pod-admission.ts'

const node: Node = {
  metadata: { name: 'n1', labels: { zone: 'a' } },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '1Gi', pods: '3', 'example.com/device': '2' } },
}
const podOf = (spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const asking = (requests: Record<string, string>, ports: { hostPort: number; protocol?: string; hostIP?: string }[] = []): Pod =>
  podOf({
    containers: [{ name: 'c', image: 'i', resources: { requests }, ports: ports.map(port => ({ containerPort: 1, ...port })) }],
  })

const cases: { name: string; pod: Pod; held?: Pod[]; node?: Node; want: string | undefined }[] = [
  { name: 'has room', pod: asking({ cpu: '1' }), held: [asking({ cpu: '3' })], want: undefined },
  {
    name: 'has no cpu left',
    pod: asking({ cpu: '1500m' }),
    held: [asking({ cpu: '3' })],
    want: "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000",
  },
  {
    name: 'has no memory left',
    pod: asking({ memory: '2Gi' }),
    want: "OutOfmemory: Pod was rejected: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
  },
  {
    name: 'is full',
    pod: podOf(),
    held: [podOf(), podOf(), podOf()],
    want: "OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  },
  {
    name: 'has no device left',
    pod: asking({ 'example.com/device': '2' }),
    held: [asking({ 'example.com/device': '1' })],
    want: "OutOfexample.com/device: Pod was rejected: Node didn't have enough resource: example.com/device, requested: 2, used: 1, capacity: 2",
  },
  {
    name: 'has no huge pages',
    pod: asking({ 'hugepages-2Mi': '4Mi' }),
    want: "OutOfhugepages-2Mi: Pod was rejected: Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 0, capacity: 0",
  },
  { name: 'does not know the resource', pod: asking({ 'example.com/other': '1' }), want: undefined },
  { name: 'asks for nothing of what is used up', pod: asking({ cpu: '0' }), held: [asking({ cpu: '5' })], want: undefined },
  {
    name: 'lets nobody set a sysctl of other pods',
    pod: podOf({
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.tcp_rmem', value: '1' },
          { name: 'kernel/msgmax', value: '1' },
        ],
      },
    }),
    want: 'SysctlForbidden: Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
  },
  {
    name: 'lets a pod set what is its own',
    pod: podOf({ securityContext: { sysctls: [{ name: 'kernel/shm_rmid_forced', value: '1' }] } }),
    want: undefined,
  },
  {
    name: 'is not the one selected',
    pod: podOf({ nodeSelector: { zone: 'b' } }),
    want: "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  },
  {
    name: 'has the port taken',
    pod: asking({}, [{ hostPort: 80 }]),
    held: [asking({}, [{ hostPort: 80, hostIP: '127.0.0.1' }])],
    want: "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  },
  {
    name: 'has the port taken by another protocol',
    pod: asking({}, [{ hostPort: 80 }]),
    held: [asking({}, [{ hostPort: 80, protocol: 'UDP' }])],
    want: undefined,
  },
  {
    name: 'has a taint that ends pods',
    pod: podOf(),
    node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } },
    want: "TaintToleration: Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
  },
  {
    name: 'has that taint, and the pod tolerates it',
    pod: podOf({ tolerations: [{ operator: 'Exists' }] }),
    node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } },
    want: undefined,
  },
  {
    name: 'has a taint for the scheduler',
    pod: podOf(),
    node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } },
    want: undefined,
  },
]
for (const { name, pod, held = [], node: of = node, want } of cases) {
  test(`planAdmission() on a node that ${name}`, () => {
    const refusal = planAdmission(pod, demandOf(pod), held.map(demandOf), of)
    assert.equal(refusal && `${refusal.reason}: ${refusal.message}`, want)
  })
}
