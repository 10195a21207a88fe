// The value of the head: written in the transaction of each group, so that comparing its revision in etcd orders all writes of all servers.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ChainState } from './store-chain.ts'

/** A deletion has no record of its own. */
export interface Gone {
  readonly revision: number
  /** The revision of the deleted version. */
  readonly previous: number
  readonly groupResource: string
  readonly namespace: string
  readonly name: string
}

export interface EtcdHead {
  /** The newest revision of the store. */
  readonly revision: number
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly chain: ChainState
  readonly gone: readonly Gone[]
}

export function headText({ revision, at, chain, gone }: EtcdHead): Buffer {
  const deletions = gone.map(({ revision, previous, groupResource, namespace, name }) => [
    revision,
    previous,
    groupResource,
    namespace,
    name,
  ])
  return Buffer.from(writeJson({ revision, at, sum: chain.sum.toString(16), link: chain.link.toString('hex'), gone: deletions }))
}

/** The text was sealed, so a server of this cluster wrote it. */
export function parseHead(text: Uint8Array): EtcdHead {
  const value = parseJson(Buffer.from(text).toString('utf8'))
  if (!isJsonObject(value) || !Array.isArray(value['gone'])) throw new TypeError('The head of the store is not what a server writes')
  const { revision, at, sum, link, gone } = value
  return {
    revision: Number(revision),
    at: Number(at),
    chain: { sum: BigInt(`0x${sum}`), link: Buffer.from(String(link), 'hex') },
    gone: gone.map(row => {
      if (!Array.isArray(row)) throw new TypeError('A deletion in the head of the store is not a list')
      const [revision, previous, groupResource, namespace, name] = row
      return {
        revision: Number(revision),
        previous: Number(previous),
        groupResource: String(groupResource),
        namespace: String(namespace),
        name: String(name),
      }
    }),
  }
}
