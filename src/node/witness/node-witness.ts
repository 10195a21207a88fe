// The node as a witness of audit logs: it pins the key of each log when it sees its first checkpoint, and cosigns only what continues the newest
// one that it cosigned. It runs as another user than the API server, and on a joined machine on another disk: a log that was rolled back or
// replaced is noticed.
import type { KeyObject } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeWitnessName, type WitnessCall, type WitnessReply } from '../../api/nodes/witness-call.ts'
import type { Clock } from '../../base/clock.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { ensureFile, replaceFile } from '../../base/files/replace-file.ts'
import type { Logger } from '../../base/log.ts'
import { ed25519Type, formatKey, MalformedNote, type NoteKey, parseKey } from '../../base/tlog/note.ts'
import { logFileName, StoredWitness } from '../../base/tlog/stored-witness.ts'
import { refuseSubmission, type WitnessAnswer } from '../../base/tlog/witness-submission.ts'

/** Each server of a cluster has a log of its own, and each restore begins one. */
export const maxWitnessedLogs = 16
/** For the administrator: the key to give to auditors. */
const publicKeyFile = 'witness.pub'
const logKeySuffix = '.key'

export interface NodeWitnessOptions {
  readonly nodeName: string
  /** Made if it is missing. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
}

export class NodeWitness {
  readonly #options: NodeWitnessOptions
  readonly #witness: StoredWitness

  private constructor(options: NodeWitnessOptions, witness: StoredWitness) {
    this.#options = options
    this.#witness = witness
  }

  /** Rejects with a `UserError` if the folder has a key file without a key. */
  static async open(options: NodeWitnessOptions): Promise<NodeWitness> {
    const witness = await StoredWitness.open(options.folder, nodeWitnessName(options.nodeName))
    await ensureFile(join(options.folder, publicKeyFile), `${formatKey(witness.key)}\n`, 0o644)
    return new NodeWitness(options, witness)
  }

  /** As the node publishes it. */
  get key(): string {
    return formatKey(this.#witness.key)
  }

  get publicKey(): KeyObject {
    return this.#witness.key.publicKey
  }

  /** Resolves when what was cosigned is on disk. Rejects if the folder cannot be read or written: then nothing is cosigned. */
  async answer({ logKey, submission }: WitnessCall): Promise<WitnessReply> {
    const shown = logKeyIn(logKey)
    if (shown === undefined) return replyOf(refuseSubmission(400, 'the key of the log is none of Ed25519'))
    let other: string | undefined
    const logs = {
      keyOf: async (origin: string): Promise<NoteKey | WitnessAnswer> => {
        if (shown.name !== origin) return refuseSubmission(403, 'the key is not one of this log')
        const pinned = await this.#pinned(origin)
        if (pinned !== undefined) return isSameKey(pinned, shown) ? pinned : refuseSubmission(403, this.#otherKey(origin))
        const known = await this.#known()
        const replaced = known.find(key => isSameKey(key, shown))
        if (replaced !== undefined) {
          other = await this.#witness.witnessed(replaced.name)
          return refuseSubmission(409, `its key signed another log, ${replaced.name}: ${this.#howToForget(replaced.name)}`)
        }
        if (known.length >= maxWitnessedLogs)
          return refuseSubmission(
            403,
            `it keeps ${maxWitnessedLogs} logs already, one of them ${known[0]?.name}: ${this.#howToForget(known[0]?.name ?? '')}`,
          )
        return shown
      },
      beforeStore: (key: NoteKey) => this.#pin(key),
    }
    const { clock } = this.#options
    const answer = await this.#witness.answer(submission, logs, Math.floor(clock.now() / 1000))
    return replyOf(answer, other)
  }

  #pathOf(origin: string): string {
    return join(this.#options.folder, `${logFileName(origin)}${logKeySuffix}`)
  }

  #otherKey(origin: string): string {
    return `it has seen this log with another key: ${this.#howToForget(origin)}`
  }

  /** Only who may write the node's disk decides that a log has ended. */
  #howToForget(origin: string): string {
    return `if that log was ended on purpose, remove "${join(this.#options.folder, logFileName(origin))}.*" on this node`
  }

  async #pinned(origin: string): Promise<NoteKey | undefined> {
    const text = await readTextIfThere(this.#pathOf(origin))
    return text === undefined ? undefined : parseKey(text)
  }

  async #known(): Promise<NoteKey[]> {
    const { folder } = this.#options
    const names = (await readdir(folder)).filter(name => /^[0-9a-f]{64}\.key$/.test(name)).toSorted()
    const texts = await Promise.all(names.map(name => readTextIfThere(join(folder, name))))
    return texts.filter(text => text !== undefined).map(parseKey)
  }

  async #pin(key: NoteKey): Promise<void> {
    if ((await this.#pinned(key.name)) !== undefined) return
    const { log, nodeName } = this.#options
    // The log of the node shows it on a disk that the server's machine does not have.
    log.info('a new audit log is witnessed', { node: nodeName, auditLog: key.name, logs: (await this.#known()).length + 1 })
    await replaceFile(this.#pathOf(key.name), `${formatKey(key)}\n`)
  }
}

/** Undefined if the folder cannot be used, which is logged: pods run without a witness, and the node then publishes no key. */
export async function openNodeWitness(options: NodeWitnessOptions): Promise<NodeWitness | undefined> {
  try {
    return await NodeWitness.open(options)
  } catch (err) {
    options.log.error('the node is no witness of audit logs', { node: options.nodeName, err })
    return undefined
  }
}

const isSameKey = (a: NoteKey, b: NoteKey): boolean => a.publicKey.equals(b.publicKey)

function logKeyIn(text: string): NoteKey | undefined {
  try {
    const key = parseKey(text)
    return key.type === ed25519Type ? key : undefined
  } catch (err) {
    if (err instanceof MalformedNote) return undefined
    throw err
  }
}

/** A refusal has the checkpoint that was compared with: `other` is that of another log. */
const replyOf = ({ status, body, seen }: WitnessAnswer & { readonly seen?: string }, other = seen): WitnessReply => ({
  ...{ status, body },
  ...(status === 200 || other === undefined ? {} : { seen: other }),
})
