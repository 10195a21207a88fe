import { randomBytes } from 'node:crypto'
import { sep } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import { Canaries, discoverKinds, storeCanaries } from '../attacks/at-rest/canaries.ts'
import { attackScratchStore } from '../attacks/at-rest/scratch-store.ts'
import { canaryAccount, namespacedKinds } from '../attacks/at-rest/stored-kinds.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { searchFiles } from '../search-files.ts'

/** The audit log records who touched which object, so it contains names. It must not contain contents. */
const mayNameObjects = (file: string): boolean => file.startsWith(`server${sep}audit${sep}`)
/** Image layers and files of running containers are not API objects, and can be many gigabytes. */
const holdsImages = (folder: string): boolean => folder === `node${sep}containerd`

export const encryptionAtRest: Proof = {
  id: 'T2',
  long: true,
  title: 'API objects encrypted at rest',
  why: 'Whoever gets the disk, a snapshot or a copy must not get the Secrets, nor change or roll back what is stored',
  attack:
    'Write canaries into every kind and search all files for them, plain, encoded and compressed; in a scratch cluster, study the sealed bytes, and start copies of it with changed, swapped, removed and older records',
  expected: 'No canary in any file, names of objects only in the audit log; sealed bytes are random; each changed copy is refused',
  whenRed: 'Find what wrote the file that it names; if it is the store, move the data to a new data directory and renew every Secret',
  async prove(context, signal) {
    const { machine, clusters } = context
    if (machine.dataDirectory === undefined) return skipped('the data directory is not on this machine or not readable by this user')
    try {
      const [searched, scratch] = await Promise.all([
        searchRunning(context, machine.dataDirectory, signal),
        clusters === undefined ? undefined : attackScratchStore(context, clusters, new Canaries(), signal),
      ])
      const attacked =
        scratch === undefined
          ? 'no scratch cluster was attacked'
          : `${scratch.kinds} kinds in a scratch cluster, ${Math.ceil(scratch.sealedBytes / 1024)} KiB of sealed bytes random, ${scratch.attacks} changes of its files refused`
      return outcomeOf([...searched.found, ...(scratch?.found ?? [])], `${searched.evidence}; ${attacked}`)
    } catch (err) {
      if (codeOf(err) === 'EACCES') return skipped('the data directory cannot be read by this user: run as root')
      throw err
    }
  },
}

/** Of the running cluster only its files are read. */
async function searchRunning(context: ProofContext, directory: string, signal: AbortSignal) {
  const { client, transport, attempts } = context
  await using namespace = await ProofNamespace.create(context, 'T2', signal)
  await namespace.account(canaryAccount, signal)
  const canaries = new Canaries()
  const name = `canary${randomBytes(16).toString('hex')}`
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  await client.create(secrets, namespace.name, { metadata: { name }, data: { value: base64(canaries.next()) } }, signal)
  const secret = { metadata: { name, labels: { label: canaries.next() } }, data: { value: base64(canaries.next()) } }
  await client.update(secrets, { ...secret, metadata: { ...secret.metadata, namespace: namespace.name } }, signal)
  const annotations = { 'bulkhead.dev/prove': canaries.next() }
  await client.create(configMaps, namespace.name, { metadata: { name, annotations }, data: { value: canaries.next() } }, signal)
  const target = { transport, namespace: namespace.name, kinds: namespacedKinds, canaries, attempts }
  const stored = await storeCanaries(target, await discoverKinds(transport, signal), signal)

  const needles = canaries.needles().set('name', Buffer.from(name))
  const { hits, files, bytes } = await searchFiles(directory, needles, holdsImages, signal)
  const found = [...hits].flatMap(([file, names]) =>
    names.filter(what => !(what === 'name' && mayNameObjects(file))).map(what => `${what} in clear in ${file}`),
  )
  // The name in the audit log shows that the search works.
  if (![...hits.keys()].some(mayNameObjects)) found.push('the search does not find the name in the audit log, which contains it')
  const evidence = `canaries in ${stored.length} kinds searched in ${files} files (${Math.ceil(bytes / 1024)} KiB): only the name, in the audit log`
  return { found, evidence }
}
