import { tryMedium } from '../attacks/volumes/raw-medium.ts'
import { tryDevices } from '../attacks/volumes/try-devices.ts'
import { tryKeys } from '../attacks/volumes/try-keys.ts'
import { trySnapshots } from '../attacks/volumes/try-snapshots.ts'
import { someNode } from '../node-token.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { realNodes } from '../real-nodes.ts'

export const encryptedVolumes: Proof = {
  id: 'T1',
  title: 'volumes encrypted at rest',
  why: 'Whoever gets a disk, a copy of it or another node must not get what pods stored',
  attack:
    "Write a canary into a claim of the default class and search the volume's file, all files of the cluster and swap space for it and for the key, while it is mounted and after; ask for the key as another node, as an administrator, with certificates and signatures that are wrong in one thing each, and after the claim is deleted; the same for a snapshot of it, whose content another namespace tries to restore; as a pod, give its block device away and read what gets its number",
  expected:
    'No canary and no key in clear; the key goes to the node of the volume alone, and is gone with the claim or the snapshot; no other namespace restores it, and no pod reads the device of another claim',
  whenRed:
    'Look at the condition bulkhead.dev/VolumesEncrypted of the node and at the class of the claim; move what was stored in clear to new claims',
  async prove(context, signal) {
    const { machine } = context
    const keys = await machine.keys?.(signal)
    const node = await someNode(context, signal)
    if (keys === undefined || node === undefined)
      return skipped("the private keys of the cluster cannot be read here, or it has no node: run as the cluster's user")
    await using namespace = await ProofNamespace.create(context, 'T1', signal)
    const { usable } = await realNodes(context, signal)
    const [real] = usable
    const { dataDirectory } = machine
    await tryKeys(context, keys, namespace, real ?? node, signal)
    // Before the snapshots: a volume in clear may have none, and then only the attempts so far count.
    const medium =
      real === undefined || dataDirectory === undefined
        ? 'no medium searched: there is no real node on this machine'
        : await tryMedium(context, keys, namespace, { node: real, directory: dataDirectory }, signal)
    await trySnapshots(context, keys, namespace, real ?? node, signal)
    if (real !== undefined && dataDirectory !== undefined)
      await tryDevices(context, namespace, { node: real, directory: dataDirectory }, signal)
    const refused = context.attempts.all.filter(({ expected }) => expected.startsWith('403')).length
    return outcomeOf([], `${refused} requests for a key refused, by server and signer; ${medium}`)
  },
}
