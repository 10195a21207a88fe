import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { containerOf, podOf } from '../pod/fixture.ts'
import type { PodStorage } from './pod-storage.ts'
import { hasStorageLimit, storageExcess } from './storage-limits.ts'

const mebi = 1 << 20
const limitOf = (amount: string) => ({ resources: { limits: { 'ephemeral-storage': amount } } })
const scratch = (emptyDir: { sizeLimit?: string; medium?: string }) => podOf({ volumes: [{ name: 'scratch', emptyDir }] })
const held = (containers: PodStorage['containers'], volumes: Record<string, number> = {}): PodStorage => ({
  containers,
  volumes: new Map(Object.entries(volumes)),
})
const two = podOf({ containers: [containerOf('a', limitOf('1Mi')), containerOf('b')] })
const ofTwo = podOf({ containers: [containerOf('a', limitOf('1Mi')), containerOf('b', limitOf('3Mi'))] })

const cases: [string, Pod, PodStorage, string | undefined][] = [
  ['a volume within its size', scratch({ sizeLimit: '1Mi' }), held([], { scratch: mebi }), undefined],
  [
    'a volume above its size, in the form that upstream prints',
    scratch({ sizeLimit: '1024Ki' }),
    held([], { scratch: mebi + 1 }),
    'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
  ],
  ['a size of nothing, which is none', scratch({ sizeLimit: '0' }), held([], { scratch: mebi }), undefined],
  [
    'logs and layer together above the limit of the container',
    podOf({ containers: [containerOf('a', limitOf('1Mi')), containerOf('b', limitOf('8Mi'))] }),
    held([{ name: 'a', layer: mebi / 2, logs: mebi / 2 + 1 }]),
    'Container a exceeded its local ephemeral storage limit "1Mi". ',
  ],
  [
    'volumes above the limits of all containers',
    { ...ofTwo, spec: { ...ofTwo.spec, volumes: [{ name: 'scratch', emptyDir: {} }] } },
    held([{ name: 'a', layer: 0, logs: 0 }], { scratch: 4 * mebi + 1 }),
    'Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. ',
  ],
  [
    'a limit of nothing, which is none',
    podOf({ containers: [containerOf('a', limitOf('0')), containerOf('b', limitOf('8Mi'))] }),
    held([{ name: 'a', layer: 1, logs: 0 }]),
    undefined,
  ],
  ['a container without a limit beside one with', two, held([{ name: 'a', layer: 0, logs: mebi }]), undefined],
  [
    'a container without a limit, which counts for the pod',
    two,
    held([{ name: 'b', layer: mebi, logs: 1 }]),
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
  ],
]
for (const [name, pod, storage, want] of cases) {
  test(`storageExcess(): ${name}`, () => assert.equal(storageExcess(pod, storage, false), want))
}

test('storageExcess() ignores layers of a container on a disk of their own, but counts them for the pod', () => {
  const pod = podOf({ containers: [containerOf('a', limitOf('1Mi')), containerOf('b', limitOf('8Mi'))] })
  assert.equal(storageExcess(pod, held([{ name: 'a', layer: 2 * mebi, logs: 0 }]), true), undefined)
  assert.match(storageExcess(pod, held([{ name: 'a', layer: 10 * mebi, logs: 0 }]), true) ?? '', /^Pod ephemeral/)
})

test('hasStorageLimit() is true for pods that need measuring', () => {
  assert.deepEqual(
    [podOf(), scratch({}), scratch({ sizeLimit: '1Mi', medium: 'Memory' }), scratch({ sizeLimit: '1Mi' }), two].map(hasStorageLimit),
    [false, false, false, true, true],
  )
})
