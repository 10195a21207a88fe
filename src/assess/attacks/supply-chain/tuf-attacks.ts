// Attacks on a repository of TUF (specification 1.0.33, section 1.5.2), each with one thing wrong, and a twin with that thing right.
import { writeJson } from '../../../base/write-json.ts'
import { endless, type Served } from '../../loopback-server.ts'
import {
  type Flaws,
  metaOf,
  newTufSigner,
  type OracleRepository,
  type TufRole,
  trustedTarget,
  tufRoles,
} from '../../oracles/tuf-repository.ts'

/** What is served instead of files of the repository. */
export type Replaced = ReadonlyMap<string, Served>

export interface TufAttack {
  readonly name: string
  /** Changes a copy of a repository that was accepted; each role but the root has an older version there too. */
  flawed(repository: OracleRepository): Replaced | undefined
  /** The message of the refusal, by the versions before the attack. */
  refused(before: Versions): RegExp
  /** The same without the flaw, on another copy. */
  twin(repository: OracleRepository): void
}

type Versions = Readonly<OracleRepository['versions']>

let published = 0
/** A trusted root that trusts nobody; each is another text of the same length. */
export const trustedRootText = (): string =>
  writeJson({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    ...{ tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
    note: String(1_000_000 + published++),
  })

const publish = (repository: OracleRepository, flaws: Flaws = {}): undefined => {
  repository.publish(trustedRootText(), flaws)
}
const fileOf = (repository: OracleRepository, name: string): Buffer => {
  const found = repository.files.get(name)
  if (found === undefined) throw new Error(`the repository of the attack has no ${name}`)
  return found
}
const past = '2020-01-01T00:00:00Z'

function attack(
  name: string,
  refused: (before: Versions) => RegExp,
  flawed: (repository: OracleRepository) => Replaced | undefined,
  twin: (repository: OracleRepository) => void = publish,
): TufAttack {
  return { name, refused, flawed, twin }
}

/** The twins of rotations. */
const rotate = (repository: OracleRepository): void => {
  const [old, fresh] = [repository.signers.root, newSigners()]
  repository.signers.root = fresh
  repository.publishRoot({ signers: [...old, ...fresh] })
}

const sameKeys = (repository: OracleRepository): void => {
  repository.publishRoot()
}

const text = (message: string): RegExp => new RegExp(message.replaceAll('.', '\\.').replaceAll('#', '\\d+'))
const unsignedRoot =
  (by: 'old' | 'new') =>
  ({ root }: Versions): RegExp =>
    text(`TUF: ${root + 1}.root.json is not signed by enough keys of root version ${by === 'old' ? root : root + 1}:`)
const unsigned = (role: TufRole) => (): RegExp => text(`${role}.json is not signed by enough keys`)
const newSigners = () => [newTufSigner(), newTufSigner()]

const rotations: readonly TufAttack[] = [
  attack(
    'a root that the keys before it have not signed',
    unsignedRoot('old'),
    repository => {
      repository.signers.root = newSigners()
      repository.publishRoot()
    },
    rotate,
  ),
  attack(
    'a root that its own keys have not signed',
    unsignedRoot('new'),
    repository => {
      const old = repository.signers.root
      repository.signers.root = newSigners()
      repository.publishRoot({ signers: old })
    },
    rotate,
  ),
  attack(
    'the root before it, under the next number',
    ({ root }) => text(`${root + 1}.root.json has version ${root}, not ${root + 1}`),
    repository => {
      const { root } = repository.versions
      repository.files.set(`${root + 1}.root.json`, fileOf(repository, `${root}.root.json`))
    },
    sameKeys,
  ),
  attack(
    'a root that skips versions',
    ({ root }) => text(`${root + 1}.root.json has version ${root + 3}, not ${root + 1}`),
    repository => {
      repository.publishRoot({ version: repository.versions.root + 3 })
    },
    sameKeys,
  ),
]

const one = ({ signers }: OracleRepository, role: TufRole) => signers[role].slice(0, 1)
const twice = (role: TufRole) => (): RegExp =>
  new RegExp(`${role}\\.json (?:cannot be read: multiple signatures found|is not signed by enough keys)`)

const thresholds: readonly TufAttack[] = [
  attack(
    'a root with one signature of two',
    unsignedRoot('old'),
    repository => {
      repository.publishRoot({ signers: one(repository, 'root') })
    },
    sameKeys,
  ),
  attack(
    'a root with one signature twice',
    twice('root'),
    repository => {
      repository.publishRoot({ signers: one(repository, 'root'), repeated: 1 })
    },
    sameKeys,
  ),
  attack('targets with one signature of two', unsigned('targets'), repository =>
    publish(repository, { targets: { signers: one(repository, 'targets') } }),
  ),
  attack('targets with one signature twice', twice('targets'), repository =>
    publish(repository, { targets: { signers: one(repository, 'targets'), repeated: 1 } }),
  ),
  attack('a timestamp by the keys of the targets', unsigned('timestamp'), repository =>
    publish(repository, { timestamp: { signers: repository.signers.targets } }),
  ),
  ...(['timestamp', 'snapshot', 'targets'] as const).map(role =>
    attack(`a ${role} file by other keys`, unsigned(role), repository => publish(repository, { [role]: { signers: newSigners() } })),
  ),
]

/** Whoever withholds newer metadata can serve old one until it expires, and no longer. */
const expiries: readonly TufAttack[] = tufRoles.map(role =>
  attack(
    `an expired ${role} file`,
    () => text(`${role}.json expired at 2020-01-01`),
    repository => {
      if (role === 'root') repository.publishRoot({ expires: past })
      publish(repository, role === 'root' ? {} : { [role]: { expires: past } })
    },
  ),
)

const older = (what: string, version: number): RegExp =>
  text(`${what} has version ${version - 1}, which is older than the accepted version ${version}`)

const rollbacks: readonly TufAttack[] = [
  attack(
    'an older timestamp',
    ({ timestamp }) => older('timestamp.json', timestamp),
    repository => publish(repository, { timestamp: { version: repository.versions.timestamp - 1 } }),
  ),
  attack(
    'an older snapshot',
    ({ snapshot }) => older('snapshot.json in timestamp.json', snapshot),
    repository => {
      const version = repository.versions.snapshot - 1
      repository.publishTimestamp(metaOf(version, fileOf(repository, `${version}.snapshot.json`)))
    },
  ),
  attack(
    'older targets',
    ({ targets }) => older('targets.json in snapshot.json', targets),
    repository => {
      const version = repository.versions.targets - 1
      repository.publishSnapshot(metaOf(version, fileOf(repository, `${version}.targets.json`)))
    },
  ),
]

/** Serves the newest file of a role under the next name. */
const oldUnderNewName = (repository: OracleRepository, role: 'snapshot' | 'targets', version: number): void => {
  repository.files.set(`${version + 1}.${role}.json`, fileOf(repository, `${version}.${role}.json`))
}

/** Each file was signed once, and they do not belong together. */
const mixtures: readonly TufAttack[] = (['snapshot', 'targets'] as const).flatMap(role => [
  attack(
    `the ${role} file of another release`,
    before => text(`${before[role] + 1}.${role}.json has other content than is signed`),
    repository => {
      const version = repository.versions[role]
      publish(repository)
      oldUnderNewName(repository, role, version)
    },
  ),
  attack(
    `a ${role} file of another version, whose hash nothing names`,
    before => text(`${before[role] + 1}.${role}.json has version ${before[role]}, not ${before[role] + 1}`),
    repository => {
      const version = repository.versions[role]
      if (role === 'snapshot') repository.publishTimestamp({ version: version + 1 })
      else repository.publishSnapshot({ version: version + 1 })
      oldUnderNewName(repository, role, version)
    },
  ),
])

/** Publishes a target whose file is this one instead. */
const withTarget =
  (change: (target: Buffer) => Buffer | undefined) =>
  (repository: OracleRepository): undefined => {
    const before = new Set(repository.files.keys())
    publish(repository)
    for (const [name, bytes] of [...repository.files]) {
      if (!name.startsWith('targets/') || before.has(name)) continue
      const changed = change(bytes)
      if (changed === undefined) repository.files.delete(name)
      else repository.files.set(name, changed)
    }
  }

const target = `target "${trustedTarget}"`
const contents: readonly TufAttack[] = [
  attack(
    'a target with one other byte',
    () => text(`${target} has other content than is signed`),
    withTarget(bytes => Buffer.from(bytes.toString().replace('note', 'nota'))),
  ),
  attack(
    'a target that is too short',
    () => text(`${target} has # bytes, not #`),
    withTarget(bytes => bytes.subarray(0, -1)),
  ),
  attack(
    'a target that is too long',
    () => text('has more than # bytes'),
    withTarget(bytes => Buffer.concat([bytes, Buffer.from(' ')])),
  ),
  attack(
    'a target that is not there',
    () => text(`no file for ${target}`),
    withTarget(() => undefined),
  ),
  attack(
    'a target whose hash nobody can check',
    () => text(`${target} has no hash of sha256 or sha512`),
    repository => {
      const bytes = Buffer.from(trustedRootText())
      repository.publishTargets({ [trustedTarget]: { length: bytes.length, hashes: { other: 'abc' } } })
      repository.files.set(`targets/abc.${trustedTarget}`, bytes)
    },
  ),
  attack(
    'a target that is larger than any trusted root',
    () => text(`${target} has 5000000 bytes, at most`),
    repository => {
      repository.publishTargets({ [trustedTarget]: { length: 5_000_000, hashes: { sha256: '0'.repeat(64) } } })
    },
  ),
]

const endlessFiles: readonly TufAttack[] = [
  ...tufRoles.map(role =>
    attack(
      `an endless ${role} file`,
      () => text(`${role}.json has more than # bytes`),
      repository => {
        publish(repository)
        return new Map([[role === 'root' ? `${repository.versions.root + 1}.root.json` : repository.nameOf(role), endless]])
      },
    ),
  ),
  attack(
    'an endless target',
    () => text(`${trustedTarget} has more than # bytes`),
    repository => {
      publish(repository)
      return new Map([...repository.files.keys()].filter(name => name.startsWith('targets/')).map(name => [name, endless]))
    },
  ),
]

export const tufAttacks: readonly TufAttack[] = [
  ...rotations,
  ...thresholds,
  ...expiries,
  ...rollbacks,
  ...mixtures,
  ...contents,
  ...endlessFiles,
]
