import { randomBytes } from 'node:crypto'
import { sep } from 'node:path'
import { codeOf } from '../../base/user-error.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { searchFiles } from '../search-files.ts'

/** The audit log says which object was touched by whom: names are what it is for. Contents are not. */
const mayNameObjects = (file: string): boolean => file.startsWith(`server${sep}audit${sep}`)
/** Layers of images and files of running containers are no API objects, and there may be many gigabytes of them. */
const holdsImages = (folder: string): boolean => folder === `node${sep}containerd`

export const encryptionAtRest: Proof = {
  id: 'T2',
  title: 'API objects encrypted at rest',
  why: 'Whoever gets the disk, a snapshot or a copy of it must not get the Secrets',
  attack: 'Write canaries into Secrets, ConfigMaps, names and annotations, then search every file of the data directory for them',
  expected: 'No canary in any file; names of objects in the audit log only',
  whenRed: 'Find what wrote the file that it names; if it is the store, move the data to a new data directory and renew every Secret',
  async prove(context, signal) {
    const { client, machine } = context
    if (machine.dataDirectory === undefined) return skipped('the data directory is not on this machine or not readable for this user')
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
      // The name in the audit log shows that the search finds what is there.
      if (![...hits.keys()].some(mayNameObjects)) found.push('the search does not find the name in the audit log, where it must be')
      return outcomeOf(
        found,
        `${needles.size} canaries sought in ${files} files (${Math.ceil(bytes / 1024)} KiB): only the name, in the audit log`,
      )
    } catch (err) {
      if (codeOf(err) === 'EACCES') return skipped('the data directory is not readable for this user: run as root')
      throw err
    }
  },
}
