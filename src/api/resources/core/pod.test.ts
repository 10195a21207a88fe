import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Container, Pod, PodSpec } from '../../types/core-v1.ts'
import { validateNew, validateSubresource, validateUpdate } from './new-object.fixture.ts'
import { pod } from './pod.ts'

const container: Container = { name: 'web', image: 'example.com/web:1' }

function podOf(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b', ...metadata }, spec: { containers: [container], ...spec } }
}

const withContainer = (fields: Partial<Container>, spec: Partial<PodSpec> = {}): Pod =>
  podOf({ ...spec, containers: [{ ...container, ...fields }] })

describe('a new pod', () => {
  test("gets upstream's defaults", () => {
    const { object, errors } = validateNew(pod, podOf())
    assert.deepEqual(errors, [])
    assert.deepEqual(object.spec, {
      containers: [
        {
          ...container,
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: {},
        },
      ],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
    })
    assert.deepEqual(object.status, { phase: 'Pending', qosClass: 'BestEffort' })
  })

  test('reports what a gated pod waits for', () => {
    const { object } = validateNew(pod, podOf({ schedulingGates: [{ name: 'example.com/wait' }] }))
    const { message: _message, ...condition } = object.status?.conditions?.[0] ?? {}
    const times = { lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' }
    assert.deepEqual(condition, { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', ...times })
  })

  test('selects by its current labels if matchLabelKeys name them', () => {
    const term = {
      topologyKey: 'zone',
      labelSelector: { matchLabels: { app: 'a' } },
      matchLabelKeys: ['hash'],
      mismatchLabelKeys: ['team'],
    }
    const labels = { hash: '1', team: 'x' }
    const { object } = validateNew(
      pod,
      podOf({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }, { labels }),
    )
    const terms = object.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    assert.deepEqual(terms?.[0]?.labelSelector?.matchExpressions, [
      { key: 'hash', operator: 'In', values: ['1'] },
      { key: 'team', operator: 'NotIn', values: ['x'] },
    ])
  })

  const rows: readonly { name: string; pod: Pod; errors: readonly string[] }[] = [
    {
      name: 'says how its containers see /proc, or nothing of it',
      pod: withContainer({ securityContext: { procMount: '' } }),
      errors: ['spec.containers[0].securityContext.procMount: Unsupported value: "": supported values: "Default", "Unmasked"'],
    },
    { name: 'needs a container', pod: podOf({ containers: [] }), errors: ['spec.containers: Required value'] },
    {
      name: 'needs names and images',
      pod: podOf({ containers: [{ name: '' }] }),
      errors: ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
    },
    {
      name: 'wants distinct names',
      pod: podOf({ containers: [container, container] }),
      errors: ['spec.containers[1].name: Duplicate value: "web"'],
    },
    {
      name: 'wants init containers to differ too',
      pod: podOf({ initContainers: [container] }),
      errors: ['spec.initContainers[0].name: Duplicate value: "web"'],
    },
    {
      name: 'has no padded images',
      pod: withContainer({ image: ' web' }),
      errors: ['spec.containers[0].image: Invalid value: " web": must not have leading or trailing whitespace'],
    },
    {
      name: 'knows pull policies',
      pod: withContainer({ imagePullPolicy: 'Sometimes' }),
      errors: ['spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'],
    },
    {
      name: 'wants ports',
      pod: withContainer({ ports: [{ containerPort: 0 }, { containerPort: 70000, protocol: 'ICMP' }] }),
      errors: [
        'spec.containers[0].ports[0].containerPort: Required value',
        'spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'spec.containers[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      ],
    },
    {
      name: 'takes a host port once',
      pod: withContainer({
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      }),
      errors: ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    },
    {
      name: 'mounts only volumes that exist',
      pod: withContainer({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      errors: ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    },
    {
      name: 'requests no more than its limit',
      pod: withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1500m' } } }),
      errors: ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1500m'],
    },
    {
      name: 'knows resources',
      pod: withContainer({ resources: { limits: { disk: '1' } } }),
      errors: [
        'spec.containers[0].resources.limits[disk]: Invalid value: disk: must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[disk]: Invalid value: disk: must be a standard resource for containers',
        'spec.containers[0].resources.requests[disk]: Invalid value: disk: must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[disk]: Invalid value: disk: must be a standard resource for containers',
      ],
    },
    {
      name: 'wants limits for devices',
      pod: withContainer({ resources: { requests: { 'example.com/gpu': '1' } } }),
      errors: ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    },
    {
      name: 'wants whole huge pages and something to compute with',
      pod: withContainer({ resources: { limits: { 'hugepages-2Mi': '3Mi' } } }),
      errors: [
        'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
      ],
    },
    {
      name: 'wants one handler per probe, and successThreshold 1 for liveness',
      pod: withContainer({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 }, successThreshold: 2 } }),
      errors: [
        'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      ],
    },
    {
      name: 'wants a handler',
      pod: withContainer({ readinessProbe: {}, lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      errors: [
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
        'spec.containers[0].readinessProbe: Required value: must specify a handler type',
      ],
    },
    {
      name: 'takes one source per variable',
      pod: withContainer({
        env: [
          { name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          { name: 'B', valueFrom: {} },
        ],
      }),
      errors: [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'spec.containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ],
    },
    {
      name: 'cannot read every field into a variable',
      pod: withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
      errors: [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    },
    {
      name: 'can read one label',
      pod: withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] }),
      errors: [],
    },
    {
      name: 'cannot gain privileges and lose them',
      pod: withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
      errors: [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    },
    {
      name: 'names a seccomp profile of the node',
      pod: podOf({ securityContext: { seccompProfile: { type: 'Localhost' } } }),
      errors: ['spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost'],
    },
    {
      name: 'sets no sysctls of a namespace that is the host’s',
      pod: podOf({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
      errors: [
        'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when \'hostNetwork\' is true',
      ],
    },
    {
      name: 'has user namespaces or the host’s, not both',
      pod: podOf({ hostUsers: false, hostPID: true }),
      errors: ['spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false'],
    },
    {
      name: 'wants nameservers of its own where it takes none',
      pod: podOf({ dnsPolicy: 'None' }),
      errors: ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    },
    {
      name: 'tolerates keys by name',
      pod: podOf({ tolerations: [{ operator: 'Equal', tolerationSeconds: 1 }] }),
      errors: [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[0].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
      ],
    },
    {
      name: 'spreads with a positive skew',
      pod: podOf({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'Maybe' }] }),
      errors: [
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty',
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
      ],
    },
    {
      name: 'wants terms in node affinity',
      pod: podOf({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }),
      errors: [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    },
    {
      name: 'cannot be on a node while gated',
      pod: podOf({ nodeName: 'n', schedulingGates: [{ name: 'g' }] }),
      errors: ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    },
    {
      name: 'has no ephemeral containers yet',
      pod: podOf({ ephemeralContainers: [{ name: 'debug', image: 'i' }] }),
      errors: ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    },
    {
      name: 'mirrors only what is on a node',
      pod: podOf({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      errors: [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
    },
  ]
  for (const { name, pod: input, errors } of rows) test(name, () => assert.deepEqual(validateNew(pod, input).errors, errors))
})

describe('an update of a pod', () => {
  const stored = validateNew(pod, podOf({ tolerations: [{ key: 'a', operator: 'Exists' }] }, { resourceVersion: '1' })).object
  const rows: readonly { name: string; change: (object: Pod) => void; fields: readonly string[] }[] = [
    {
      name: 'may change an image',
      change: ({ spec }) => Object.assign(spec.containers[0] ?? {}, { image: 'example.com/web:2' }),
      fields: [],
    },
    { name: 'may set a deadline', change: ({ spec }) => Object.assign(spec, { activeDeadlineSeconds: 5 }), fields: [] },
    { name: 'may add tolerations', change: ({ spec }) => spec.tolerations?.push({ key: 'b', operator: 'Exists' }), fields: [] },
    { name: 'may not drop them', change: ({ spec }) => Object.assign(spec, { tolerations: [] }), fields: ['spec.tolerations'] },
    { name: 'may not add containers', change: ({ spec }) => spec.containers.push({ name: 'x', image: 'i' }), fields: ['spec.containers'] },
    { name: 'may not move the pod', change: ({ spec }) => Object.assign(spec, { nodeName: 'n' }), fields: ['spec'] },
    {
      name: 'may not gate it',
      change: ({ spec }) => Object.assign(spec, { schedulingGates: [{ name: 'g' }] }),
      fields: ['spec.schedulingGates[0].name'],
    },
    { name: 'ignores status', change: object => Object.assign(object, { status: { phase: 'Failed' } }), fields: [] },
  ]
  for (const { name, change, fields } of rows) {
    test(name, () => {
      const { object, fields: found, errors } = validateUpdate(pod, stored, change)
      assert.deepEqual(found, fields, errors.join('\n'))
      assert.equal(object.status?.phase, 'Pending')
    })
  }

  test('reports the mutable fields, and the changed ones', () => {
    const { errors } = validateUpdate(pod, stored, ({ spec }) => Object.assign(spec, { hostname: 'other' }))
    assert.match(errors[0] ?? '', /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,/)
    assert.match(errors[0] ?? '', /\+ hostname: "other"$/)
  })

  test('may narrow its node selection while it is gated', () => {
    const gated = validateNew(pod, podOf({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: 'b' } })).object
    const add = validateUpdate(pod, gated, ({ spec }) => Object.assign(spec, { nodeSelector: { a: 'b', c: 'd' } }))
    const change = validateUpdate(pod, gated, ({ spec }) => Object.assign(spec, { nodeSelector: { a: 'x' } }))
    assert.deepEqual([add.fields, change.fields], [[], ['spec.nodeSelector']])
  })
})

describe('subresources of a pod', () => {
  const stored = validateNew(
    pod,
    podOf({ nodeName: 'n', containers: [{ ...container, resources: { requests: { cpu: '1', memory: '1Gi' } } }] }),
  ).object

  test('status keeps the spec and the class', () => {
    const { object, fields } = validateSubresource(pod, 'status', stored, changed => {
      changed.spec.nodeName = 'other'
      changed.status = { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] }
    })
    assert.deepEqual(fields, [])
    assert.equal(object.spec.nodeName, 'n')
    assert.equal(object.status?.qosClass, 'Burstable')
  })

  test('status drops new fields of features that are off', () => {
    const base = { name: 'web', image: 'i', imageID: 'i', ready: false, restartCount: 0 }
    const { object, fields } = validateSubresource(pod, 'status', stored, changed => {
      changed.status = {
        ...changed.status,
        observedGeneration: 1,
        conditions: [{ type: 'a/b', status: 'True', observedGeneration: 1 }],
        resourceClaimStatuses: [{ name: 'claim' }],
        containerStatuses: [{ ...base, allocatedResourcesStatus: [{ name: 'cpu', resources: [] }] }],
      }
    })
    assert.deepEqual(fields, [])
    const { observedGeneration, conditions, resourceClaimStatuses, containerStatuses } = object.status ?? {}
    assert.deepEqual([observedGeneration, resourceClaimStatuses], [undefined, undefined])
    assert.deepEqual([conditions, containerStatuses], [[{ type: 'a/b', status: 'True' }], [base]])
  })

  test('status cannot restart a container that ended for good', () => {
    const ended = structuredClone(stored)
    ended.spec.restartPolicy = 'Never'
    const base = { name: 'web', image: 'i', imageID: 'i', ready: false, restartCount: 0 }
    ended.status = { ...ended.status, containerStatuses: [{ ...base, state: { terminated: { exitCode: 0 } } }] }
    const { fields } = validateSubresource(pod, 'status', ended, changed => {
      changed.status = { ...changed.status, containerStatuses: [{ ...base, state: { running: {} } }] }
    })
    assert.deepEqual(fields, ['status.containerStatuses[0].state'])
  })

  test('ephemeralcontainers adds containers and keeps existing ones', () => {
    const debug = { name: 'debug', image: 'i', targetContainerName: 'web' }
    const added = validateSubresource(pod, 'ephemeralcontainers', stored, ({ spec }) =>
      Object.assign(spec, { ephemeralContainers: [debug], hostPID: true }),
    )
    assert.deepEqual(added.fields, [])
    assert.equal(added.object.spec.hostPID, undefined)
    const removed = validateSubresource(pod, 'ephemeralcontainers', added.object, ({ spec }) =>
      Object.assign(spec, { ephemeralContainers: [] }),
    )
    assert.deepEqual(removed.fields, ['spec.ephemeralContainers'])
    const empty = validateSubresource(pod, 'ephemeralcontainers', stored, ({ spec }) =>
      Object.assign(spec, { ephemeralContainers: [{ ...debug, ports: [], resizePolicy: [], resources: {} }] }),
    )
    assert.deepEqual(empty.fields, ['spec.ephemeralContainers[0].ports', 'spec.ephemeralContainers[0].resizePolicy'])
    const ports = validateSubresource(pod, 'ephemeralcontainers', stored, ({ spec }) =>
      Object.assign(spec, { ephemeralContainers: [{ ...debug, ports: [{ containerPort: 1 }], lifecycle: {} }] }),
    )
    assert.deepEqual(ports.fields, ['spec.ephemeralContainers[0].ports', 'spec.ephemeralContainers[0].lifecycle'])
  })
})

test('graceSeconds is 0 for a pod without node or that has ended, else what the deletion requests', () => {
  const at = (spec: Partial<PodSpec>, phase: string, requested?: number): number | undefined =>
    pod.deletion?.graceSeconds?.({ ...podOf({ terminationGracePeriodSeconds: 7, ...spec }), status: { phase } }, requested)
  assert.equal(at({}, 'Pending', 20), 0)
  assert.equal(at({ nodeName: 'n' }, 'Succeeded', 20), 0)
  assert.equal(at({ nodeName: 'n', terminationGracePeriodSeconds: 0 }, 'Running', 20), 20)
  assert.equal(at({ nodeName: 'n', terminationGracePeriodSeconds: 0 }, 'Running'), 0)
  assert.equal(at({ nodeName: 'n' }, 'Running', 0), 0)
  assert.equal(at({ nodeName: 'n' }, 'Running', -3), 1)
  assert.equal(at({}, 'Pending'), 0)
  assert.equal(at({ nodeName: 'n' }, 'Running'), 7)
  assert.equal(at({ nodeName: 'n' }, 'Succeeded'), 0)
  assert.equal(at({ nodeName: 'n', terminationGracePeriodSeconds: -3 }, 'Running'), 1)
})
