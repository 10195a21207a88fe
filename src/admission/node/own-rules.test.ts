import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoreReader } from '../../api/store-view.ts'
import type { UserInfo } from '../../api/user.ts'
import type { AdmissionPlugin } from '../admission.ts'
import { rememberBefore } from '../before-changes.ts'
import { createAdmission } from '../chain.ts'
import { admit, cluster, type Input, pluginsOf, pod, readerOf, refusal } from '../plugins.fixture.ts'
import { maxEventLength, maxNodeStatusLength, maxPodStatusLength } from './own-sizes.ts'

const user: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] }
const nodeOf = (name: string, range: string, address: string, labels: object = {}): object => ({
  metadata: { name, labels },
  spec: { podCIDR: range, podCIDRs: [range] },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
  },
})
const n1 = nodeOf('n1', '10.244.1.0/24', '203.0.113.1')
const nodeSpec = { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] }
const own = readerOf({
  'nodes//n1': n1,
  'nodes//n2': nodeOf('n2', '10.244.2.0/24', '203.0.113.2'),
  'nodes//s1': nodeOf('s1', '10.244.3.0/24', '203.0.113.3', { 'bulkhead.dev/simulated': 'true' }),
  'servicecidrs.networking.k8s.io//kubernetes': { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16', 'fd00:96::/112'] } },
  'pods/team/mine': { ...pod({ nodeName: 'n1' }), metadata: { name: 'mine', namespace: 'team', uid: 'u1' } },
  'pods/team/theirs': { ...pod({ nodeName: 'n2' }), metadata: { name: 'theirs', namespace: 'team', uid: 'u2' } },
})
const reader: StoreReader = {
  get: (r, ns, n) => own.get(r, ns, n) ?? cluster.get(r, ns, n),
  list: (r, ns) => [...own.list(r, ns), ...cluster.list(r, ns)],
}
const admissionOf = (profile: 'secure' | 'upstream') =>
  createAdmission(pluginsOf(profile, reader).filter(({ name }) => name === 'NodeRestriction'))

const status = (spec: object, ...ips: string[]): Input => ({
  kind: 'pods',
  operation: 'UPDATE',
  subresource: 'status',
  object: { ...pod({ nodeName: 'n1', ...spec }), ...{ status: { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) } } },
  oldObject: pod({ nodeName: 'n1', ...spec }),
})
const hostStatus = (...ips: string[]): Input => ({
  ...status({}),
  object: { ...pod({ nodeName: 'n1' }), ...{ status: { hostIP: ips[0], hostIPs: ips.map(ip => ({ ip })) } } },
})
const metadataOf = (metadata: object): Input => {
  const before = pod({ nodeName: 'n1' })
  return { ...status({}), object: { ...before, metadata: { ...before.metadata, ...metadata } } }
}
const mirrorPod = pod(
  { nodeName: 'n1' },
  {
    labels: { app: 'db' },
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', controller: true }],
  },
)
const cordoned = (before: boolean, after: boolean | undefined): Input => {
  const of = (unschedulable: boolean | undefined) => ({ ...n1, spec: { ...nodeSpec, unschedulable } })
  return { kind: 'nodes', operation: 'UPDATE', name: 'n1', object: of(after), oldObject: of(before) }
}
const addresses = (...list: (readonly [type: string, address: string])[]): Input => ({
  kind: 'nodes',
  operation: 'UPDATE',
  subresource: 'status',
  name: 'n1',
  object: { ...n1, status: { addresses: list.map(([type, address]) => ({ type, address })) } },
  oldObject: n1,
})
const ip = (address: string): Input => addresses(['InternalIP', address])
const labels = (before: object, after: object): Input => ({
  kind: 'nodes',
  operation: 'UPDATE',
  name: 'n1',
  object: { ...n1, metadata: { name: 'n1', labels: after } },
  oldObject: { ...n1, metadata: { name: 'n1', labels: before } },
})
const created = (metadata: object, spec: object = {}): Input => ({ kind: 'nodes', object: { metadata: { name: 'n1', ...metadata }, spec } })
const event = (fields: object): Input => ({
  kind: 'events',
  namespace: 'team',
  name: 'e',
  object: { metadata: { name: 'e', namespace: 'team' }, source: { component: 'kubelet', host: 'n1' }, ...fields },
})
const about = (kind: string, name: string, uid?: string) => ({ involvedObject: { kind, name, namespace: 'team', ...(uid ? { uid } : {}) } })

const rows: readonly (readonly [what: string, input: Input, why: string | undefined])[] = [
  ['an address of its range for its pod', status({}, '10.244.1.7'), undefined],
  [
    "an address of another node's range",
    status({}, '10.244.2.7'),
    "a pod has an address of its node's ranges (spec.podCIDRs: 10.244.1.0/24)",
  ],
  ['the address of a Service', status({}, '10.96.0.1'), 'cannot set status.podIPs of the pod to 10.96.0.1'],
  ['its own address for a pod of the pod network', status({}, '203.0.113.1'), 'cannot set status.podIPs'],
  ['a second address that is not of its range', status({}, '10.244.1.7', 'fd00::7'), 'cannot set status.podIPs of the pod to fd00::7'],
  ['its address for a pod of the host network', status({ hostNetwork: true }, '203.0.113.1'), undefined],
  [
    "another node's address for a pod of the host network",
    status({ hostNetwork: true }, '203.0.113.2'),
    'a pod of the host network has an address of its node (status.addresses: 203.0.113.1)',
  ],
  ['an address of its own as that of the host', hostStatus('203.0.113.1'), undefined],
  [
    "another node's address as that of the host",
    hostStatus('203.0.113.2'),
    'cannot set status.hostIPs of the pod to 203.0.113.2: they are addresses of the node (status.addresses: 203.0.113.1)',
  ],
  [
    'a second address of the host that is not its own',
    hostStatus('203.0.113.1', '10.96.0.1'),
    'cannot set status.hostIPs of the pod to 10.96.0.1',
  ],
  ['an address of the machine', ip('198.51.100.9'), undefined],
  ['loopback', ip('127.0.0.1'), 'may not be in the loopback range'],
  ['loopback in the form of IPv6', ip('::ffff:127.0.0.1'), 'may not be in the loopback range'],
  ['an address of the link', ip('169.254.169.254'), 'may not be in the link-local range'],
  ['an address of Services', ip('10.96.0.1'), 'it is in the range of Services'],
  ['an IPv6 address of Services', ip('fd00:96::5'), 'it is in the range of Services'],
  ['an address of its pods', ip('10.244.1.9'), 'it is in the range of pods of node "n1"'],
  ["an address of another node's pods", ip('10.244.2.9'), 'it is in the range of pods of node "n2"'],
  ["another node's address", ip('203.0.113.2'), 'it is the address of node "n2"'],
  ['the address of simulated nodes', ip('203.0.113.3'), undefined],
  ['no address', ip('localhost.'), 'must be a valid IP address'],
  ["another node's name", addresses(['Hostname', 'n2']), 'an address of type Hostname is the name of the node'],
  ['its name in a domain', addresses(['InternalDNS', 'n1.example.com']), undefined],
  [
    'a range of pods of its choice',
    created({}, { podCIDR: '10.0.0.0/8', podCIDRs: ['10.0.0.0/8'] }),
    'is not allowed to set spec.podCIDRs',
  ],
  ['its name as hostname', created({ labels: { 'kubernetes.io/hostname': 'n1' } }), undefined],
  [
    "another node's name as hostname",
    created({ labels: { 'kubernetes.io/hostname': 'n2' } }),
    'label kubernetes.io/hostname to anything but "n1"',
  ],
  [
    "another node's name as hostname later",
    labels({ 'kubernetes.io/hostname': 'n1' }, { 'kubernetes.io/hostname': 'n2' }),
    'label kubernetes.io/hostname to anything but "n1"',
  ],
  ['its hostname away', labels({ 'kubernetes.io/hostname': 'n1' }, {}), 'label kubernetes.io/hostname to anything but "n1"'],
  ['its zone as it comes', created({ labels: { 'topology.kubernetes.io/zone': 'z' } }), undefined],
  ['its zone later', labels({}, { 'topology.kubernetes.io/zone': 'z' }), 'modify label topology.kubernetes.io/zone'],
  [
    'another system',
    labels({ 'kubernetes.io/os': 'linux' }, { 'kubernetes.io/os': 'windows' }),
    'label kubernetes.io/os to anything but "linux"',
  ],
  ['another machine', labels({ 'kubernetes.io/arch': 'amd64' }, { 'kubernetes.io/arch': 'arm64' }), 'modify label kubernetes.io/arch'],
  ['Linux as it comes', created({ labels: { 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'linux' } }), undefined],
  ['Windows as it comes', created({ labels: { 'kubernetes.io/os': 'windows' } }), 'label kubernetes.io/os to anything but "linux"'],
  ['Windows as it was called before', created({ labels: { 'beta.kubernetes.io/os': 'windows' } }), 'label beta.kubernetes.io/os'],
  ['its system on a Node that others made', labels({}, { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }), undefined],
  ['a label of its own', labels({}, { 'example.com/pool': 'a' }), undefined],
  ['a finalizer of its pod', metadataOf({ finalizers: ['a.example/b'] }), 'cannot update metadata.finalizers through pod status'],
  ['an annotation of its pod', metadataOf({ annotations: { big: 'x' } }), 'cannot update metadata.annotations through pod status'],
  ['the fields that the server keeps', metadataOf({ resourceVersion: '9', managedFields: [{ manager: 'm' }] }), undefined],
  [
    'a pod of its own making, by labels that others select',
    { kind: 'pods', namespace: 'team', object: mirrorPod },
    'nodes of this cluster run no static pods',
  ],
  ['that it is not cordoned', cordoned(true, undefined), 'is not allowed to modify spec.unschedulable'],
  ['that it is cordoned still', cordoned(true, true), undefined],
  ['an event about its pod', event(about('Pod', 'mine', 'u1')), undefined],
  ['an event about itself', event(about('Node', 'n1')), undefined],
  ['an event about a pod of another node', event(about('Pod', 'theirs')), 'about itself and pods with spec.nodeName set to itself'],
  ['an event about a former pod of the name', event(about('Pod', 'mine', 'u0')), 'about itself and pods'],
  ['an event about a Deployment', event(about('Deployment', 'mine')), 'about itself and pods'],
  ['an event in the name of another', event({ ...about('Pod', 'mine'), source: { host: 'n2' } }), 'source.host set to itself'],
  ['an event of another instance', event({ ...about('Pod', 'mine'), reportingInstance: 'n2' }), 'reportingInstance set to itself'],
  ['an event in nobody’s name', event({ ...about('Pod', 'mine'), source: { component: 'scheduler' } }), 'source.host or reportingInstance'],
  [
    'an event that is too large',
    event({ ...about('Pod', 'mine'), message: 'x'.repeat(maxEventLength) }),
    `an event of more than ${maxEventLength} characters`,
  ],
  [
    'the event of another node',
    { ...event(about('Pod', 'mine')), operation: 'UPDATE', oldObject: event({ ...about('Pod', 'theirs'), source: { host: 'n2' } }).object },
    'source.host set to itself',
  ],
  [
    'a Node status that is too large',
    { ...ip('198.51.100.9'), object: { ...n1, status: { images: [{ names: ['x'.repeat(maxNodeStatusLength)] }] } } },
    `a Node status of more than ${maxNodeStatusLength} characters`,
  ],
]
for (const [what, input, why] of rows) {
  test(`NodeRestriction of the secure profile ${why === undefined ? 'lets a node write' : 'refuses'} ${what}, which upstream's allows`, async () => {
    const request = { ...input, user }
    if (why === undefined) await admit(request, admissionOf('secure'))
    else {
      const { message } = await refusal(request, admissionOf('secure'))
      assert.ok(message.includes(why), message)
    }
    await admit(request, admissionOf('upstream'))
  })
}

test('NodeRestriction refuses a pod status larger than its containers can need', async () => {
  const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] }
  const of = (message: string): Input => ({ ...status(spec), object: { ...pod(spec), ...{ status: { message } } } })
  const most = maxPodStatusLength({ metadata: {}, spec })
  assert.match((await refusal({ ...of('x'.repeat(most)), user }, admissionOf('secure'))).message, /a pod status of more than/)
  await admit({ ...of('x'.repeat(most - 1000)), user }, admissionOf('secure'))
})

test('NodeRestriction takes the metadata that webhooks add to a pod for no change of its node', async () => {
  const webhook: AdmissionPlugin = {
    name: 'Webhook',
    handles: () => true,
    async mutate(changed) {
      if (changed.object === undefined) return
      rememberBefore(changed, changed.object, 'admission webhook "w"')
      changed.object.metadata.annotations = { added: 'x' }
    },
  }
  const plugins = pluginsOf('secure', reader).filter(({ name }) => name === 'NodeRestriction')
  await admit({ ...status({}, '10.244.1.7'), user }, createAdmission([...plugins, webhook]))
  const { message } = await refusal({ ...metadataOf({ finalizers: ['a.example/b'] }), user }, createAdmission([...plugins, webhook]))
  assert.match(message, /cannot update metadata\.finalizers/)
})
