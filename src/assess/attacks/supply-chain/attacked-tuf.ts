// The cluster follows TUF repositories of an attack: what it must refuse, and what it must go on trusting meanwhile.
import { randomBytes } from 'node:crypto'
import type { TrustRoot, TrustRootStatus } from '../../../api/types/supply-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { trustRoots } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { LoopbackServer, type Served } from '../../loopback-server.ts'
import { OracleRepository } from '../../oracles/tuf-repository.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { within } from '../../until.ts'
import { type Replaced, type TufAttack, trustedRootText, tufAttacks } from './tuf-attacks.ts'

/** Trust roots that are followed at a time. The cluster remembers each of their names, also when they are gone. */
const lanes = 2
/** A guard: the follower reads at once when the URL changes. */
const readMs = 20_000
const pollMs = 30
const endMs = 30_000

type Seen = Readonly<Pick<TrustRootStatus, 'tufVersion' | 'tufTimestamp' | 'tufSnapshot' | 'tufTargets'>>

const seenOf = (status: TrustRootStatus | undefined): Seen => ({
  ...{ tufVersion: status?.tufVersion, tufTimestamp: status?.tufTimestamp },
  ...{ tufSnapshot: status?.tufSnapshot, tufTargets: status?.tufTargets },
})

/** The API server must be on this machine. */
export async function tryAttackedTuf(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const folders = new Map<string, ReadonlyMap<string, Served>>()
  await using server = await LoopbackServer.open(context.clock.now(), path => {
    const [, folder = '', ...rest] = path.split('/')
    return folders.get(folder)?.get(rest.join('/'))
  })
  const run = randomBytes(4).toString('hex')
  const attacks = tufAttacks.values()
  await inParallel(
    Array.from({ length: lanes }, (_, lane) => `bulkhead-prove-s6-${run}-${lane}`),
    async name => {
      await using stage = await Stage.open(context, namespace, { name, server, folders }, signal)
      for (const attack of attacks) await stage.attack(attack, signal)
    },
  )
}

interface StageParts {
  /** Of the trust root. */
  readonly name: string
  readonly server: LoopbackServer
  /** What the server has below its first folders. */
  readonly folders: Map<string, ReadonlyMap<string, Served>>
}

/** A trust root that is led to a repository with a flaw, and then to the same one without. */
class Stage implements AsyncDisposable {
  readonly #context: ProofContext
  readonly #parts: StageParts
  /** The last one that had to be accepted. */
  #repository: OracleRepository
  #seen: Seen

  private constructor(context: ProofContext, parts: StageParts, repository: OracleRepository, seen: Seen) {
    this.#context = context
    this.#parts = parts
    this.#repository = repository
    this.#seen = seen
  }

  /** Throws if the cluster follows no repository at all. */
  static async open(context: ProofContext, { owner }: ProofNamespace, parts: StageParts, signal: AbortSignal): Promise<Stage> {
    const { name, server } = parts
    const repository = new OracleRepository()
    const root = repository.publishRoot()
    for (let version = 1; version <= 2; version++) repository.publish(trustedRootText())
    const metadata: TrustRoot['metadata'] = { name, ownerReferences: [{ ...owner }] }
    const tuf = { root: { ...root }, url: urlOf(parts, repository), authorities: server.authority }
    await context.client.create(trustRoots, '', { metadata, spec: { tuf } }, signal)
    await using stack = new AsyncDisposableStack()
    const stage = stack.use(new Stage(context, parts, repository, {}))
    const found = await current(context, name, ({ status }) => status === 'True', signal)
    if (found === undefined) throw new Error(`The cluster does not follow a TUF repository: ${await conditionText(context, name, signal)}`)
    stage.#seen = seenOf(found)
    stack.move()
    return stage
  }

  async attack(attack: TufAttack, signal: AbortSignal): Promise<void> {
    const { attempts } = this.#context
    const { name } = this.#parts
    const before = this.#repository
    const pattern = attack.refused(before.versions)
    const flawed = before.copy()
    await this.#follow(urlOf(this.#parts, flawed, attack.flawed(flawed)), signal)
    const refused = await current(this.#context, name, ({ status, message = '' }) => status === 'False' && pattern.test(message), signal)
    const kept = refused !== undefined && writeJson(seenOf(refused)) === writeJson(this.#seen)
    const answer = await conditionText(this.#context, name, signal)
    attempts.record({
      name: attack.name,
      ...{ sent: 'a TUF repository', expected: `refused by ${pattern}, and what was accepted before counts` },
      ...{ answered: `${answer}${kept || refused === undefined ? '' : '; other versions are recorded'}`, held: kept },
    })
    const twin = before.copy()
    attack.twin(twin)
    await this.#follow(urlOf(this.#parts, twin), signal)
    const wanted: Seen = {
      ...{ tufVersion: twin.versions.root, tufTimestamp: twin.versions.timestamp },
      ...{ tufSnapshot: twin.versions.snapshot, tufTargets: twin.versions.targets },
    }
    const isAccepted = ({ status }: CurrentCondition, seen: Seen) => status === 'True' && writeJson(seen) === writeJson(wanted)
    const accepted = await current(this.#context, name, isAccepted, signal)
    attempts.record({
      name: `${attack.name}: its twin`,
      ...{ sent: 'a TUF repository', expected: 'it is followed' },
      answered: accepted === undefined ? await conditionText(this.#context, name, signal) : 'it is followed',
      held: accepted !== undefined,
    })
    this.#repository = twin
    this.#seen = wanted
  }

  async #follow(url: string, signal: AbortSignal): Promise<void> {
    await this.#context.client.patch(trustRoots, '', this.#parts.name, { spec: { tuf: { url } } }, { type: 'merge' }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.client.delete(trustRoots, '', this.#parts.name, {}, AbortSignal.timeout(endMs))
  }
}

/** Each state of a repository has a folder of its own. */
function urlOf({ server, folders }: StageParts, { files }: OracleRepository, replaced: Replaced = new Map()): string {
  const folder = randomBytes(8).toString('hex')
  folders.set(folder, new Map([...[...files].map(([name, bytes]): [string, Served] => [name, { bytes }]), ...replaced]))
  return `https://${server.host}/${folder}/`
}

type CurrentCondition = NonNullable<TrustRootStatus['conditions']>[number]

/** The status as soon as its condition is the wanted one; undefined if it does not become so. */
async function current(
  { client, clock }: ProofContext,
  name: string,
  isWanted: (condition: CurrentCondition, seen: Seen) => boolean,
  signal: AbortSignal,
): Promise<TrustRootStatus | undefined> {
  const ask = async (): Promise<TrustRootStatus | undefined> => {
    const { status } = await client.get(trustRoots, '', name, signal)
    const condition = status?.conditions?.find(({ type }) => type === 'Current')
    return condition !== undefined && isWanted(condition, seenOf(status)) ? status : undefined
  }
  return await within(readMs, clock, ask, signal, pollMs)
}

async function conditionText({ client }: ProofContext, name: string, signal: AbortSignal): Promise<string> {
  const { status } = await client.get(trustRoots, '', name, signal)
  const condition = status?.conditions?.find(({ type }) => type === 'Current')
  return condition === undefined ? 'it was not read' : `${condition.status} ${condition.reason}: ${condition.message}`
}
