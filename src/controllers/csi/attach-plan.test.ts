import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, PersistentVolume, Pod } from '../../api/types/core-v1.ts'
import type { VolumeAttachment } from '../../api/types/storage-v1.ts'
import { inUseName } from '../../api/volumes/csi-volume-names.ts'
import { type AttachView, forceDetachMs, newAttachment, planAttachments } from './attach-plan.ts'

const volume: PersistentVolume = {
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h' } },
}
const shared: PersistentVolume = { ...volume, spec: { ...volume.spec, accessModes: ['ReadWriteMany'] } }
const podOn = (nodeName: string, phase = 'Running'): Pod => ({
  metadata: { name: nodeName },
  spec: { containers: [], nodeName },
  status: { phase },
})
const at = (node: string, metadata: VolumeAttachment['metadata'] = {}): VolumeAttachment => {
  const made = newAttachment(volume, node)
  return { ...made, metadata: { ...made.metadata, ...metadata } }
}
const nodeWith = (inUse: boolean, ready = true, taint?: string): Node => ({
  metadata: { name: 'n1' },
  spec: taint === undefined ? {} : { taints: [{ key: taint, effect: 'NoExecute' }] },
  status: { volumesInUse: inUse ? [inUseName('d', 'h')] : [], conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
})

const rows: readonly { readonly name: string; readonly view: Partial<AttachView>; readonly want: string }[] = [
  { name: 'nobody wants', view: {}, want: '' },
  { name: 'a pod wants', view: { pods: [podOn('n1')] }, want: '+n1' },
  { name: 'a pod has', view: { pods: [podOn('n1')], attachments: [at('n1')] }, want: '' },
  { name: 'needs no attachment', view: { pods: [podOn('n1')], isExempt: true }, want: '' },
  { name: 'a pod wanted that is done', view: { pods: [podOn('n1', 'Succeeded')], attachments: [at('n1')] }, want: '-n1' },
  { name: 'no pod wants any more', view: { attachments: [at('n1')] }, want: '-n1' },
  { name: 'a node has mounted', view: { attachments: [at('n1')], node: () => nodeWith(true) }, want: 'again' },
  { name: 'a node has mounted that does not answer', view: { attachments: [at('n1')], node: () => nodeWith(true, false) }, want: 'again' },
  {
    name: 'a node has mounted that has not answered for six minutes',
    view: { attachments: [at('n1')], node: () => nodeWith(true, false), now: forceDetachMs },
    want: '-n1',
  },
  {
    name: 'a pod that is done has mounted at a node that has not answered for six minutes',
    view: { pods: [podOn('n1', 'Failed')], attachments: [at('n1')], node: () => nodeWith(true, false), now: forceDetachMs },
    want: '-n1',
  },
  {
    name: 'a node has had mounted for six minutes, and answers',
    view: { attachments: [at('n1')], node: () => nodeWith(true), now: forceDetachMs },
    want: 'again',
  },
  {
    name: 'a node has mounted that is out of service',
    view: { attachments: [at('n1')], node: () => nodeWith(true, false, 'node.kubernetes.io/out-of-service') },
    want: '-n1',
  },
  { name: 'a node has that is gone', view: { attachments: [at('n1')], node: () => undefined }, want: '-n1' },
  { name: 'is being detached', view: { attachments: [at('n1', { deletionTimestamp: 'x' })] }, want: '' },
  {
    name: 'is being detached where a new pod wants it',
    view: { pods: [podOn('n1')], attachments: [at('n1', { deletionTimestamp: 'x' })] },
    want: '',
  },
  {
    name: 'another node has',
    view: { pods: [podOn('n2')], attachments: [at('n1')], node: () => nodeWith(true) },
    want: '!n2:n1 again',
  },
  { name: 'pods of two nodes want', view: { pods: [podOn('n1'), podOn('n2')] }, want: '+n1 !n2:n1' },
  { name: 'pods of two nodes share', view: { volume: shared, pods: [podOn('n1'), podOn('n2')] }, want: '+n1 +n2' },
  { name: 'ends', view: { volume: { ...volume, metadata: { name: 'v', deletionTimestamp: 'x' } }, pods: [podOn('n1')] }, want: '' },
]
for (const { name, view, want } of rows)
  test(`planAttachments() of a volume that ${name}`, () => {
    const { attach, detach, blocked, againMs } = planAttachments({
      volume,
      isExempt: false,
      pods: [],
      attachments: [],
      node: () => nodeWith(false),
      unwantedSince: new Map([['n1', 0]]),
      now: 0,
      ...view,
    })
    const shown = [
      ...attach.map(node => `+${node}`),
      ...detach.map(node => `-${node}`),
      ...blocked.map(({ pod, nodes }) => `!${pod.spec.nodeName}:${nodes.join(',')}`),
      ...(againMs === undefined ? [] : ['again']),
    ]
    assert.equal(shown.join(' '), want)
  })

test('planAttachments() counts since when a node has the volume in vain, and forgets nodes that want it or have it no more', () => {
  let unwantedSince: AttachView['unwantedSince'] = new Map()
  const passes: readonly { readonly pods?: Pod[]; readonly attachments: VolumeAttachment[]; readonly want: [string, number][] }[] = [
    { attachments: [at('n1'), at('n2')], pods: [podOn('n1', 'Succeeded'), podOn('n2')], want: [['n1', 0]] },
    {
      attachments: [at('n1'), at('n2')],
      want: [
        ['n1', 0],
        ['n2', 1],
      ],
    },
    { attachments: [at('n1'), at('n2')], pods: [podOn('n1')], want: [['n2', 1]] },
    {
      attachments: [at('n1'), at('n2')],
      want: [
        ['n1', 3],
        ['n2', 1],
      ],
    },
    { attachments: [at('n1', { deletionTimestamp: 'x' })], want: [] },
    { attachments: [], want: [] },
  ]
  for (const [now, { pods = [], attachments, want }] of passes.entries()) {
    const view = { volume: shared, isExempt: false, pods, attachments, node: () => nodeWith(true), unwantedSince, now }
    unwantedSince = planAttachments(view).unwantedSince
    assert.deepEqual([...unwantedSince], want)
  }
})
