// Deploys what was made on a machine where one byte of a dependency was changed. The machine is a folder with one package and npm's cache of it.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeJson } from '../../../base/write-json.ts'
import { manifestPolicies, trustRoots } from '../../../client/resources.ts'
import { environmentDifferences } from '../../../supply-chain/environment/compare-environments.ts'
import { type EnvironmentFacts, environmentPredicate } from '../../../supply-chain/environment/environment-predicate.ts'
import { readEnvironment } from '../../../supply-chain/environment/read-environment.ts'
import { attestationsAnnotation, manifestDigest, packBundle, signedPart } from '../../../supply-chain/manifests/signed-manifest.ts'
import { writeTar } from '../../../supply-chain/oci/tar/write-tar.ts'
import type { SigningKey } from '../../../supply-chain/signatures/private-key.ts'
import { signedBundle } from '../../../supply-chain/signatures/signed-statement.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { annotated, configMap, type Manifest, newKey, signedManifest } from './unsigned-manifests.ts'

const policyName = 'bulkhead-prove-attested'
const dependency = 'node_modules/left/index.js'
const files: Readonly<Record<string, string>> = { 'package.json': '{"name":"left","version":"1.0.0"}', 'index.js': 'module.exports = 1\n' }

/** A working tree whose dependency is that of its lockfile. */
export class Machine implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(await mkdtemp(join(tmpdir(), 'bulkhead-prove-d1-')))
    const archive = gzipSync(
      writeTar(Object.entries(files).map(([name, text]) => ({ path: `package/${name}`, mode: 0o644, content: Buffer.from(text) }))),
    )
    const digest = createHash('sha512').update(archive).digest()
    const hex = digest.toString('hex')
    const integrity = `sha512-${digest.toString('base64')}`
    await machine.write(`npm/_cacache/content-v2/sha512/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`, archive)
    for (const [name, text] of Object.entries(files)) await machine.write(`tree/node_modules/left/${name}`, text)
    const packages = { '': { name: 'shop' }, 'node_modules/left': { version: '1.0.0', integrity } }
    await machine.write('tree/package-lock.json', writeJson({ lockfileVersion: 3, packages }))
    await machine.write('tree/main.js', 'require("left")\n')
    return machine
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true })
    await writeFile(join(this.folder, path), content)
  }

  async flip(path: string): Promise<void> {
    const bytes = await readFile(join(this.folder, path))
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await this.write(path, bytes)
  }

  read(): Promise<EnvironmentFacts> {
    const place = { folder: join(this.folder, 'tree'), npmCache: join(this.folder, 'npm'), path: dirname(process.execPath), summary: false }
    return readEnvironment({ ...place, readFile: path => readFile(path) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** As `bulkhead sign --attestation` does. */
function attested(object: Manifest, key: SigningKey, facts: EnvironmentFacts, about: Manifest = object): Manifest {
  const sha256 = manifestDigest(signedPart(about)).slice('sha256:'.length)
  const statement = { predicateType: environmentPredicate, subject: [{ name: 'web', digest: { sha256 } }], predicate: { ...facts } }
  return annotated(object, { [attestationsAnnotation]: packBundle(signedBundle(statement, key)) })
}

export async function tryChangedDependencies(
  { attempts, client, transport, run }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  await using machine = await Machine.create()
  const [key, other] = [newKey(), newKey()]
  const root = `bulkhead-prove-${namespace.name}`
  const spec = { keys: [{ name: 'dev', publicKey: key.publicKey }] }
  await client.create(trustRoots, '', { metadata: { name: root, labels: run.labels }, spec }, signal)
  try {
    const verify = { anyOf: [{ key: { trustRoot: root, name: 'dev' }, attestations: [{ predicateType: environmentPredicate }] }] }
    const policy = { metadata: { name: policyName }, spec: { resources: ['configmaps'], verify } }
    await client.create(manifestPolicies, namespace.name, policy, signal)
    const clean = await machine.read()
    const [object, another] = [signedManifest(configMap('d1', { a: '1' }), key), configMap('d1', { a: '2' })]
    const post = (body: Manifest) => ({ method: 'POST' as const, path: `${namespace.core('configmaps')}?dryRun=All`, body })
    const refused = (name: string, body: Manifest, names = `${policyName}" requires`) =>
      attempts.refused(name, transport, post(body), { names }, signal)
    await attempts.accepted(
      'what a machine made whose dependencies are those of the lockfile',
      transport,
      post(attested(object, key, clean)),
      signal,
    )
    await refused('what no attestation is about', object)
    await refused('an attestation that somebody else signed', attested(object, other, clean))
    await refused('an attestation about another object', attested(object, key, clean, another))
    await machine.flip(`tree/${dependency}`)
    const changed = await machine.read()
    await refused(
      'what a machine made with one changed byte of a dependency',
      attested(object, key, changed),
      `"${dependency}" has other bytes than its archive`,
    )
    const named = environmentDifferences(clean, changed).join('; ')
    record('the changed dependency is named', named, named.includes(dependency))
    await machine.flip(`tree/${dependency}`)
    await machine.write('tree/node_modules/left/more.js', '')
    await refused(
      'a file that the archive of a dependency does not have',
      attested(object, key, await machine.read()),
      '"node_modules/left/more.js" is not in its archive',
    )
    await machine.flip('tree/main.js')
    const source = environmentDifferences(clean, await machine.read()).join('; ')
    record('the changed source is named', source, source.includes('source: "main.js" was changed'))
  } finally {
    await client.delete(trustRoots, '', root, {}, signal)
  }

  function record(name: string, answered: string, held: boolean): void {
    attempts.record({
      name,
      sent: 'bulkhead dev verify',
      expected: 'its name',
      answered: answered === '' ? 'no difference' : answered,
      held,
    })
  }
}
