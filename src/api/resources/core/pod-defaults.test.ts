import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Container, Pod, PodSpec, PodTemplateSpec, Volume } from '../../types/core-v1.ts'
import { setPodDefaults, setPodSpecDefaults, setPodTemplateDefaults } from './pod-defaults.ts'
import { qualityOfService } from './pod-quality-of-service.ts'

function containerAfter(fields: Partial<Container>): Container | undefined {
  const spec: PodSpec = { containers: [{ name: 'a', image: 'i', ...fields }] }
  setPodSpecDefaults(spec)
  return spec.containers[0]
}

function volumeAfter(fields: Partial<Volume>): Volume | undefined {
  const spec: PodSpec = { containers: [], volumes: [{ name: 'v', ...fields }] }
  setPodSpecDefaults(spec)
  return spec.volumes?.[0]
}

describe('setPodSpecDefaults()', () => {
  test('sets defaults of probes and their actions', () => {
    const probe = containerAfter({ livenessProbe: { httpGet: { port: 1 } }, startupProbe: { grpc: { port: 1 }, periodSeconds: 3 } })
    const common = { timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 }
    assert.deepEqual(probe?.livenessProbe, { httpGet: { port: 1, path: '/', scheme: 'HTTP' }, periodSeconds: 10, ...common })
    assert.deepEqual(probe?.startupProbe, { grpc: { port: 1, service: '' }, periodSeconds: 3, ...common })
  })

  test('sets defaults of ports and references', () => {
    const env = [
      { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'B', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ]
    const container = containerAfter({ ports: [{ containerPort: 1 }], env })
    assert.equal(container?.ports?.[0]?.protocol, 'TCP')
    assert.equal(container?.env?.[0]?.valueFrom?.fieldRef?.apiVersion, 'v1')
    assert.equal(container?.env?.[1]?.valueFrom?.resourceFieldRef?.divisor, '0')
  })

  test('rounds amounts up to thousandths', () => {
    const container = containerAfter({ resources: { requests: { cpu: '100u', memory: '1Gi' } } })
    assert.deepEqual(container?.resources?.requests, { cpu: '1m', memory: '1Gi' })
  })

  const volumes: readonly (readonly [name: string, given: Partial<Volume>, after: Partial<Volume>])[] = [
    ['no source', {}, { emptyDir: {} }],
    ['hostPath', { hostPath: { path: '/a' } }, { hostPath: { path: '/a', type: '' } }],
    ['secret', { secret: { secretName: 's' } }, { secret: { secretName: 's', defaultMode: 420 } }],
    ['configMap', { configMap: { name: 'c', defaultMode: 0o600 } }, { configMap: { name: 'c', defaultMode: 0o600 } }],
    [
      'projected token',
      { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] } },
    ],
    [
      'ephemeral claim',
      { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } },
      { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', resources: {} } } } },
    ],
    [
      'iscsi',
      { iscsi: { targetPortal: 'p', iqn: 'iqn', lun: 0 } },
      { iscsi: { targetPortal: 'p', iqn: 'iqn', lun: 0, iscsiInterface: 'default' } },
    ],
  ]
  for (const [name, given, after] of volumes) test(`volume: ${name}`, () => assert.deepEqual(volumeAfter(given), { name: 'v', ...after }))

  test('drops image volumes, which are off by default, and their mounts', () => {
    const spec: PodSpec = {
      containers: [
        {
          name: 'a',
          image: 'i',
          volumeMounts: [
            { name: 'v', mountPath: '/v' },
            { name: 'w', mountPath: '/w' },
          ],
        },
      ],
      volumes: [{ name: 'v', image: { reference: 'r' } }, { name: 'w' }],
    }
    setPodSpecDefaults(spec)
    assert.deepEqual(spec.volumes, [{ name: 'w', emptyDir: {} }])
    assert.deepEqual(spec.containers[0]?.volumeMounts, [{ name: 'w', mountPath: '/w' }])
  })

  test('drops dependent fields too', () => {
    const spec: PodSpec = {
      containers: [
        { name: 'a', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }], lifecycle: { stopSignal: 'SIGTERM' } },
        { name: 'b', image: 'i', lifecycle: {} },
      ],
      volumes: [{ name: 'v', image: { reference: 'r' } }],
    }
    setPodSpecDefaults(spec)
    assert.equal(spec.volumes, undefined)
    assert.deepEqual(
      spec.containers.map(({ volumeMounts, lifecycle }) => ({ volumeMounts, lifecycle })),
      [
        { volumeMounts: undefined, lifecycle: undefined },
        { volumeMounts: undefined, lifecycle: {} },
      ],
    )
  })

  test('keeps both names of the service account equal', () => {
    const spec: PodSpec = { containers: [], serviceAccount: 'x' }
    setPodSpecDefaults(spec)
    assert.equal(spec.serviceAccountName, 'x')
  })
})

test('setPodDefaults() defaults requests to limits and host ports on the host network; templates get neither', () => {
  const make = (): PodSpec => ({
    hostNetwork: true,
    containers: [
      {
        name: 'a',
        image: 'i',
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      },
    ],
  })
  const pod: Pod = { metadata: {}, spec: make() }
  setPodDefaults(pod)
  assert.deepEqual(pod.spec.containers[0]?.resources?.requests, { cpu: '500m', memory: '1Gi' })
  assert.equal(pod.spec.containers[0]?.ports?.[0]?.hostPort, 80)
  const template = { spec: make() }
  setPodTemplateDefaults(template)
  assert.deepEqual(template.spec.containers[0]?.resources?.requests, { cpu: '500m' })
  assert.equal(template.spec.containers[0]?.ports?.[0]?.hostPort, undefined)
  assert.equal(template.spec.enableServiceLinks, undefined)
})

describe('annotations from before there were init containers', () => {
  const old = {
    'pod.alpha.kubernetes.io/init-containers': '[]',
    'pod.beta.kubernetes.io/init-containers': '[]',
    'pod.alpha.kubernetes.io/init-container-statuses': '[]',
    'pod.beta.kubernetes.io/init-container-statuses': '[]',
  }
  const after = (annotations: Record<string, string>) => {
    const pod: Pod = { metadata: { name: 'a', annotations: { ...annotations } }, spec: { containers: [] } }
    setPodDefaults(pod)
    const template = { metadata: { annotations: { ...annotations } }, spec: { containers: [] } }
    setPodTemplateDefaults(template)
    return [pod.metadata.annotations, template.metadata.annotations]
  }

  test('are dropped', () => assert.deepEqual(after(old), [undefined, undefined]))
  test('are dropped, and others kept', () => assert.deepEqual(after({ ...old, a: 'b' }), [{ a: 'b' }, { a: 'b' }]))
})

describe('qualityOfService()', () => {
  const rows: readonly (readonly [name: string, resources: Container['resources'][], expected: string])[] = [
    ['nothing', [{}], 'BestEffort'],
    ['zero amounts', [{ requests: { cpu: '0' } }], 'BestEffort'],
    ['other resources', [{ requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } }], 'BestEffort'],
    ['a request', [{ requests: { cpu: '1' } }], 'Burstable'],
    ['limits equal to requests', [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1000m', memory: '1Gi' } }], 'Guaranteed'],
    ['one container without', [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
    ['lower requests', [{ requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }], 'Burstable'],
    ['a limit for cpu alone', [{ requests: { cpu: '1' }, limits: { cpu: '1' } }], 'Burstable'],
  ]
  for (const [name, resources, expected] of rows) {
    test(name, () => {
      const containers = resources.map((each, index) => ({
        name: `c${index}`,
        image: 'i',
        ...(each === undefined ? {} : { resources: each }),
      }))
      assert.equal(qualityOfService({ containers }), expected)
    })
  }
})

test('a negative terminationGracePeriodSeconds becomes 1 in a pod, and stays in a template', () => {
  const spec = (): PodSpec => ({ terminationGracePeriodSeconds: -1, containers: [{ name: 'c', image: 'i' }] })
  const pod: Pod = { metadata: { name: 'p' }, spec: spec() }
  setPodDefaults(pod)
  assert.equal(pod.spec.terminationGracePeriodSeconds, 1)
  const template: PodTemplateSpec = { spec: spec() }
  setPodTemplateDefaults(template)
  assert.equal(template.spec?.terminationGracePeriodSeconds, -1)
})
