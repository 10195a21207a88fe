// `bulkhead node remove`: ends a node's certificates at once, then removes it and its pods. For a machine that is gone or stolen too.
import { isReason } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { nodes, pods } from '../../client/resources.ts'
import { noSuchNode } from './drain.ts'

export interface RemoveOptions {
  readonly client: Client
  readonly clock: Clock
  print(line: string): void
}

const limitMs = 60_000
const pollMs = 100

/** Rejects with a UserError if the node does not exist, or its certificates are not denied in time. */
export async function removeNode(name: string, { client, clock, print }: RemoveOptions, signal: AbortSignal): Promise<void> {
  const uid = await nodeUid(client, name, signal)
  // A controller denies the certificates of a deleted Node before the object goes.
  await client.delete(nodes, '', name, { uid }, signal)
  for (const began = clock.monotonic(); (await nodeUid(client, name, signal).catch(goneOr)) === uid; ) {
    if (clock.monotonic() - began > limitMs)
      throw new UserError(
        `Node "${name}" is marked for deletion, but the controllers have not denied its certificates within ${limitMs / 1000} s: see "bulkhead status"`,
      )
    await clock.sleep(pollMs, signal)
  }
  print(`Node "${name}" is removed: its certificates are denied, and other nodes have no connection to it.`)
  const left = await client.listAll(pods, { fieldSelector: `spec.nodeName=${name}` }, signal)
  for (const { metadata } of left) {
    const identity = metadata.uid === undefined ? {} : { uid: metadata.uid }
    // No agent can confirm that they have ended.
    await client
      .delete(pods, metadata.namespace ?? '', metadata.name ?? '', { ...identity, gracePeriodSeconds: 0 }, signal)
      .catch((err: unknown) => {
        if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
      })
  }
  if (left.length > 0) print(`Its ${left.length} pods are deleted; controllers replace theirs on other nodes.`)
  print(`What still runs on that machine has no access any more: stop it there ("bulkhead join" ends with Ctrl-C).`)
}

async function nodeUid(client: Client, name: string, signal: AbortSignal): Promise<string> {
  try {
    return (await client.get(nodes, '', name, signal)).metadata.uid ?? ''
  } catch (err) {
    throw isReason(err, 'NotFound') ? noSuchNode(name) : err
  }
}

function goneOr(err: unknown): undefined {
  if (err instanceof UserError) return undefined
  throw err
}
