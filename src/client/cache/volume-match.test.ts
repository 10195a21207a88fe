import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec } from '../../api/types/core-v1.ts'
import { matchingVolume, type VolumeSearch } from './volume-match.ts'

const volumeOf = (name: string, storage: string, spec: Partial<PersistentVolumeSpec> = {}, phase = 'Available'): PersistentVolume => ({
  metadata: { name, labels: { name } },
  spec: { capacity: { storage }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], storageClassName: 'slow', ...spec },
  status: { phase },
})
const claimOf = (spec: Partial<PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'u' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources: { requests: { storage: '2Gi' } }, ...spec },
})
const onNode = (zone: string): Partial<PersistentVolumeSpec> => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } },
})
const promised = (uid?: string) => ({ claimRef: { namespace: 'ns', name: 'c', ...(uid === undefined ? {} : { uid }) } })

const rows: {
  name: string
  volumes: PersistentVolume[]
  claim?: PersistentVolumeClaim
  search?: VolumeSearch
  want: string | undefined
}[] = [
  { name: 'the smallest that is large enough', volumes: [volumeOf('a', '8Gi'), volumeOf('b', '2Gi'), volumeOf('c', '1Gi')], want: 'b' },
  { name: 'none that is too small', volumes: [volumeOf('a', '1Gi')], want: undefined },
  { name: 'none of another class', volumes: [volumeOf('a', '2Gi', { storageClassName: 'fast' })], want: undefined },
  { name: 'none without the access mode', volumes: [volumeOf('a', '2Gi', { accessModes: ['ReadOnlyMany'] })], want: undefined },
  { name: 'none of another mode', volumes: [volumeOf('a', '2Gi', { volumeMode: 'Block' })], want: undefined },
  { name: 'none that is in use', volumes: [volumeOf('a', '2Gi', {}, 'Released')], want: undefined },
  {
    name: 'none that is reserved for another claim',
    volumes: [volumeOf('a', '2Gi', { claimRef: { namespace: 'ns', name: 'x' } })],
    want: undefined,
  },
  { name: 'none that is taken', volumes: [volumeOf('a', '2Gi')], search: { taken: new Set(['a']) }, want: undefined },
  {
    name: 'none that is being deleted',
    volumes: [{ ...volumeOf('a', '2Gi'), metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }],
    want: undefined,
  },
  {
    name: 'by its labels',
    volumes: [volumeOf('a', '2Gi'), volumeOf('b', '4Gi')],
    claim: claimOf({ selector: { matchLabels: { name: 'b' } } }),
    want: 'b',
  },
  { name: 'the one that was provisioned for it', volumes: [volumeOf('a', '2Gi'), volumeOf('b', '9Gi', promised())], want: 'b' },
  { name: 'not the one of an earlier claim', volumes: [volumeOf('b', '9Gi', promised('old'))], want: undefined },
  {
    name: 'the one that was provisioned for it, although it must wait',
    volumes: [volumeOf('b', '9Gi', promised())],
    search: { onlyPrebound: true },
    want: 'b',
  },
  { name: 'none of the others while it must wait', volumes: [volumeOf('a', '2Gi')], search: { onlyPrebound: true }, want: undefined },
  {
    name: 'one that the node can use',
    volumes: [volumeOf('a', '2Gi', onNode('x')), volumeOf('b', '4Gi', onNode('y'))],
    search: { node: { name: 'n', labels: { zone: 'y' } } },
    want: 'b',
  },
]
for (const { name, volumes, claim = claimOf(), search = {}, want } of rows) {
  test(`matchingVolume() takes ${name}`, () => assert.equal(matchingVolume(claim, volumes, search)?.metadata.name, want))
}
