// A pod that gives its block device away and waits for the next volume that gets its number; and what of a device's content is on the disk in clear.
import { join } from 'node:path'
import { pods } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { request } from '../../request.ts'
import { within } from '../../until.ts'
import { claimVolume, eraseVolume } from './proof-claim.ts'
import { searchRaw } from './raw-medium.ts'

const [thief, victim] = ['device-thief', 'device-victim'] as const
const waitMs = 90_000
const pollMs = 200
const device = '/dev/data'

/** `node` is a real one, on this machine. */
export async function tryDevices(
  context: ProofContext,
  namespace: ProofNamespace,
  { node, directory }: { readonly node: string; readonly directory: string },
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, transport } = context
  const volumes = await Promise.all(
    [thief, victim].map(async name => await claimVolume(context, namespace, name, node, '8Mi', signal, 'Block')),
  )
  const [own, other] = volumes
  if (own === undefined || other === undefined) throw new Error('no block volume was made for a claim of the default class')
  const start = async (name: string, lines: readonly string[]) => {
    await client.create(pods, namespace.name, podObject(name, deviceSpec(node, name, namespace.name, lines)), signal)
  }
  const logOf = async (name: string, isDone: (text: string) => boolean): Promise<string> => {
    const read = async () => {
      const { text } = await request(transport, { method: 'GET', path: namespace.core(`pods/${name}/log`) }, signal)
      return isDone(text) ? text : undefined
    }
    const text = await within(waitMs, clock, read, signal, pollMs)
    if (text === undefined) throw new Error(`pod "${name}" did not use its device`)
    return text
  }
  // The mark is not in the pod's specification.
  const isOwn = `[ "$(head -c 64 ${device} 2>/dev/null | tr -d '\\000')" = "$LEFT$RIGHT" ]`
  await start(thief, [
    `printf %s%s "$LEFT" "$RIGHT" >${device}`,
    // Through the device, the file system around it and that one's device.
    'sync; sync; sync',
    `losetup -d ${device}`,
    'echo tried',
    `while ${isOwn}; do echo own; sleep 0.2; done`,
    'echo another',
  ])
  await logOf(thief, text => text.includes('tried'))
  await start(victim, [`printf %s "$RIGHT" >${device}`, 'sync', 'echo written'])
  await logOf(victim, text => text.includes('written'))
  const before = await logOf(thief, () => true)
  // It has looked again since the other device is there.
  const seen = await logOf(thief, text => text.length > before.length + 'own\nown\n'.length || text.includes('another'))
  const stays = !seen.includes('another')
  attempts.record({
    ...{
      name: 'a pod that detaches its block device, and reads it again',
      sent: `losetup --detach ${device}`,
      expected: 'its own content',
    },
    ...{ answered: stays ? 'its own content' : 'nothing, or the content of another volume', held: stays },
  })
  const image = join(directory, 'node', 'volumes', own)
  const found = await searchRaw(image, new Map([['canary', Buffer.from(`device-left-${namespace.name}`)]]), signal)
  attempts.record({
    ...{ name: "a block volume's file while a pod uses it", sent: 'search for canary', expected: 'nothing in clear' },
    ...{ answered: found.length === 0 ? 'nothing in clear' : 'canary in clear', held: found.length === 0 },
  })
  for (const name of [thief, victim]) await client.delete(pods, namespace.name, name, { gracePeriodSeconds: 0 }, signal)
  for (const [name, volume] of [
    [thief, own],
    [victim, other],
  ] as const) {
    const isErased = await eraseVolume(context, namespace, name, volume, signal)
    attempts.record({
      ...{ name: `the block volume of ${name} ends with its claim`, sent: 'DELETE persistentvolumeclaims', expected: 'no LocalVolume' },
      ...{ answered: isErased ? 'no LocalVolume' : 'it stays', held: isErased },
    })
  }
}

const deviceSpec = (node: string, claimName: string, right: string, lines: readonly string[]) =>
  harmlessSpec(
    {
      schedulerName: 'default-scheduler',
      nodeSelector: { 'kubernetes.io/hostname': node },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
    {
      command: ['sh', '-c', [...lines, 'sleep 3600'].join('\n')],
      env: [
        { name: 'LEFT', value: 'device-left-' },
        { name: 'RIGHT', value: right },
      ],
      volumeDevices: [{ name: 'data', devicePath: device }],
    },
  )
