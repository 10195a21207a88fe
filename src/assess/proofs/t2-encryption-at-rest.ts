import { randomBytes } from 'node:crypto'
import { sep } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { searchFiles } from '../search-files.ts'

/** The audit log records who touched which object, so it contains names. It must not contain contents. */
const mayNameObjects = (file: string): boolean => file.startsWith(`server${sep}audit${sep}`)
/** Image layers and files of running containers are not API objects, and can be many gigabytes. */
const holdsImages = (folder: string): boolean => folder === `node${sep}containerd`

export const encryptionAtRest: Proof = {
  id: 'T2',
  title: 'API objects encrypted at rest',
  why: 'Whoever gets the disk, a snapshot or a copy must not get the Secrets',
  attack: 'Write canaries into Secrets, ConfigMaps, names and annotations, then search all files of the data directory for them',
  expected: 'No canary in any file; names of objects only in the audit log',
  whenRed: 'Find what wrote the file that it names; if it is the store, move the data to a new data directory and renew every Secret',
  async prove(context, signal) {
    const { client, machine } = context
    if (machine.dataDirectory === undefined) return skipped('the data directory is not on this machine or not readable by this user')
    await using namespace = await ProofNamespace.create(context, 'T2', signal)
    const canary = (): string => `canary${randomBytes(16).toString('hex')}`
    const contents = { secret: canary(), configMap: canary(), annotation: canary(), label: canary(), overwritten: canary() }
    const name = canary()
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    await client.create(secrets, namespace.name, { metadata: { name }, data: { value: base64(contents.overwritten) } }, signal)
    const secret = { metadata: { name, labels: { label: contents.label } }, data: { value: base64(contents.secret) } }
    await client.update(secrets, { ...secret, metadata: { ...secret.metadata, namespace: namespace.name } }, signal)
    const annotations = { 'bulkhead.dev/prove': contents.annotation }
    await client.create(configMaps, namespace.name, { metadata: { name, annotations }, data: { value: contents.configMap } }, signal)

    const needles = new Map<string, Buffer>([['name', Buffer.from(name)]])
    for (const [what, text] of Object.entries(contents)) {
      needles.set(what, Buffer.from(text))
      needles.set(`${what} in base64`, Buffer.from(base64(text).replace(/=+$/, '').slice(0, -1)))
    }
    try {
      const { hits, files, bytes } = await searchFiles(machine.dataDirectory, needles, holdsImages, signal)
      const found = [...hits].flatMap(([file, names]) =>
        names.filter(what => !(what === 'name' && mayNameObjects(file))).map(what => `${what} in clear in ${file}`),
      )
      // The name in the audit log shows that the search works.
      if (![...hits.keys()].some(mayNameObjects)) found.push('the search does not find the name in the audit log, which contains it')
      return outcomeOf(
        found,
        `${needles.size} canaries searched in ${files} files (${Math.ceil(bytes / 1024)} KiB): only the name, in the audit log`,
      )
    } catch (err) {
      if (codeOf(err) === 'EACCES') return skipped('the data directory cannot be read by this user: run as root')
      throw err
    }
  },
}
