import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Container, Pod, PodSpec } from '../../types/core-v1.ts'
import { type Validated, validateNew, validateSubresource } from './new-object.fixture.ts'
import { pod } from './pod.ts'

const container = (name: string, requests: Record<string, string>): Container => ({
  name,
  image: 'example.com/web:1',
  resources: { requests },
})

function stored(spec: Partial<PodSpec> = {}): Pod {
  const containers = [container('web', { cpu: '1', memory: '1Gi' }), container('log', { cpu: '1' })]
  return validateNew(pod, { metadata: { name: 'a', namespace: 'b' }, spec: { containers, ...spec } }).object
}

function resize(old: Pod, change: (spec: PodSpec) => void): Validated<Pod> {
  return validateSubresource(pod, 'resize', old, object => change(object.spec))
}

const setResources = (resources: Container['resources']) => (spec: PodSpec) => void Object.assign(spec.containers[0] ?? {}, { resources })

describe('a resize', () => {
  test('changes amounts of CPU and memory, and drops other changes', () => {
    const { fields, object } = validateSubresource(pod, 'resize', stored(), changed => {
      changed.metadata.labels = { a: 'b' }
      changed.spec.hostname = 'other'
      Object.assign(changed.spec.containers[0] ?? {}, {
        image: 'example.com/other:1',
        resources: { requests: { cpu: '2', memory: '1Gi' } },
      })
    })
    assert.deepEqual(fields, [])
    const expected = stored()
    Object.assign(expected.spec.containers[0] ?? {}, { resources: { requests: { cpu: '2', memory: '1Gi' } } })
    assert.deepEqual([object.spec, object.metadata], [expected.spec, expected.metadata])
  })

  const refusals: readonly (readonly [name: string, change: (spec: PodSpec) => void, errors: readonly string[]])[] = [
    [
      'removes no request',
      setResources({ requests: { cpu: '2' } }),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'adds no limit of memory to a container that would have to be restarted for it',
      setResources({ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } }),
      ['spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be added unless resizePolicy is RestartContainer'],
    ],
    [
      'renames no container',
      spec => void Object.assign(spec.containers[0] ?? {}, { name: 'other' }),
      ['spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize'],
    ],
    [
      'reorders none',
      spec => void spec.containers.reverse(),
      [
        'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
        'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
      ],
    ],
    ['removes none', spec => void spec.containers.pop(), ['spec.containers: Forbidden: containers may not be added or removed on resize']],
    [
      'adds none',
      spec => void Object.assign(spec, { initContainers: [container('new', {})] }),
      ['spec.initContainers: Forbidden: initContainers may not be added or removed on resize'],
    ],
    [
      'changes no other amounts',
      setResources({ requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'changes no policy',
      spec => void Object.assign(spec.containers[0] ?? {}, { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
  ]
  for (const [name, change, errors] of refusals) test(name, () => assert.deepEqual(resize(stored(), change).errors, errors))

  test('is refused for static pods, which may have no resizable containers at all, and for those on Windows', () => {
    const mirror = stored({ nodeName: 'n' })
    mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }
    assert.deepEqual(resize(mirror, setResources({})).errors, ['[]: Forbidden: static pods cannot be resized'])
    assert.deepEqual(validateSubresource(pod, 'ephemeralcontainers', mirror, object => void object).errors, [
      '[]: Forbidden: static pods do not support ephemeral containers',
    ])
    assert.deepEqual(resize(stored({ os: { name: 'windows' } }), setResources({})).errors, [
      '[]: Forbidden: windows pods cannot be resized',
    ])
  })

  test('keeps the class of the pod', () => {
    const all = { cpu: '2', memory: '2Gi' }
    const { fields } = resize(
      stored({ containers: [container('web', { cpu: '1', memory: '1Gi' })] }),
      setResources({ requests: all, limits: all }),
    )
    assert.ok(fields.includes('spec'))
  })

  test('is for restartable init containers, not for those that end', () => {
    const grow = (old: Pod): readonly string[] =>
      resize(old, spec => void Object.assign(spec.initContainers?.[0] ?? {}, { resources: { requests: { cpu: '2' } } })).errors
    const first = container('first', { cpu: '1' })
    assert.deepEqual(grow(stored({ initContainers: [first] })), [
      'spec: Forbidden: resources for non-sidecar init containers are immutable',
    ])
    assert.deepEqual(grow(stored({ initContainers: [{ ...first, restartPolicy: 'Always' }] })), [])
  })
})
