import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Machine } from '../../assess/attacks/supply-chain/changed-dependencies.ts'
import { UserError } from '../../base/user-error.ts'
import { attest } from '../dev/attest.ts'
import { devVerify } from '../dev/verify.ts'
import { verifyManifests } from '../verify/verify-manifests.ts'
import { readInput } from './read-input.ts'
import { type SignFlags, signManifests } from './sign-manifests.ts'

const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\ndata: {greeting: hello}\n'
const policy = (attestations = '') =>
  `apiVersion: supply.bulkhead.dev/v1\nkind: ManifestPolicy\nmetadata: {name: signed, namespace: shop}\nspec: {resources: [configmaps], verify: {anyOf: [{key: {trustRoot: team, name: release}${attestations}}]}}\n`
/** The same in each run. */
const incompressible = createHash('shake256', { outputLength: 300_000 }).update('bulkhead').digest('base64')
const refusal = (message: RegExp) => (err: unknown) => err instanceof UserError && message.test(err.message)

describe('signManifests(), verifyManifests(), attest() and devVerify()', () => {
  let folder: string
  let publicKey: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sign-'))
    const pair = generateKeyPairSync('ed25519')
    write('key.pem', pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    publicKey = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    write('key.pub', publicKey)
    write('web.yaml', manifest)
    write('policy.yaml', policy())
    write(
      'trust.yaml',
      `apiVersion: supply.bulkhead.dev/v1\nkind: TrustRoot\nmetadata: {name: team}\nspec: {keys: [{name: release, publicKey: ${JSON.stringify(publicKey)}}]}\n`,
    )
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const path = (name: string) => join(folder, name)
  const write = (name: string, text: string) => writeFileSync(path(name), text)
  async function sign(flags: Partial<SignFlags> = {}): Promise<string> {
    let notes = ''
    const note = (text: string): void => {
      notes += text
    }
    const context = { passphrase: undefined, now: 0, print: () => undefined, note, readFile: readInput }
    await signManifests({ filename: [path('web.yaml')], key: path('key.pem'), output: path('signed.yaml'), ...flags }, context)
    return notes
  }
  async function verify(file = 'signed.yaml'): Promise<readonly [number, string]> {
    let text = ''
    const print = (line: string): void => {
      text += `${line}\n`
    }
    const context = { now: 0, print, readFile: readInput }
    return [await verifyManifests({ policy: [path('policy.yaml')], trust: [path('trust.yaml')] }, [path(file)], context), text]
  }

  test('a signed manifest is verified, and a changed and an unsigned one are not', async () => {
    assert.match(await sign(), /^Signed 1 object with key [0-9a-f]{16}: ConfigMap\/shop\/web$/)
    assert.deepEqual(await verify(), [0, 'ConfigMap/shop/web: signed\n'])
    write('changed.yaml', readFileSync(path('signed.yaml'), 'utf8').replace('hello', 'bye'))
    const [code, text] = await verify('changed.yaml')
    assert.equal(code, 1)
    assert.match(
      text,
      /refused\n {2}ManifestPolicy "shop\/signed": it is not as it was signed: data\.greeting is "bye", and "hello" is signed/,
    )
    assert.match((await verify('web.yaml'))[1], /requires a signed manifest, and it has no signature/)
    write('other.yaml', manifest.replace('ConfigMap', 'Secret').replace('greeting', 'a'))
    assert.deepEqual(await verify('other.yaml'), [0, 'Secret/shop/web: no policy is for it\n'])
  })

  test('signing again replaces the signature, and lists are signed one by one', async () => {
    await sign()
    await sign({ filename: [path('signed.yaml')], output: path('again.yaml') })
    assert.deepEqual(await verify('again.yaml'), [0, 'ConfigMap/shop/web: signed\n'])
    write(
      'web.yaml',
      `apiVersion: v1\nkind: List\nitems:\n- ${manifest.trim().replaceAll('\n', '\n  ')}\n- ${manifest.replace('name: web', 'name: two').trim().replaceAll('\n', '\n  ')}\n`,
    )
    assert.match(await sign(), /Signed 2 objects/)
    assert.deepEqual(await verify(), [0, 'ConfigMap/shop/web: signed\nConfigMap/shop/two: signed\n'])
  })

  test('says which file or object cannot be signed', async () => {
    const rows: readonly (readonly [string, RegExp])[] = [
      ['a: [', /web\.yaml": yaml: /],
      ['- a\n', /web\.yaml" has a document that is no object/],
      ['', /There are no objects in these files/],
      [manifest.replace('name: web', 'generateName: web'), /ConfigMap "" in ".*web\.yaml" has no metadata\.name/],
      [manifest.replace('hello', incompressible), /annotations at most 245760/],
    ]
    for (const [text, message] of rows) {
      write('web.yaml', text)
      await assert.rejects(sign(), refusal(message))
    }
    await assert.rejects(sign({ key: path('none.pem') }), refusal(/Cannot read ".*none\.pem": it does not exist/))
    await assert.rejects(sign({ key: path('policy.yaml') }), refusal(/must be a private key in PEM/))
  })

  test('an attestation goes with its manifests, and names what changed on its machine', async () => {
    await using machine = await Machine.create()
    // The tools of this machine have hundreds of megabytes, which each attestation would hash.
    await machine.write('tools/cc', '')
    chmodSync(join(machine.folder, 'tools/cc'), 0o755)
    const place = { path: join(machine.folder, 'tools'), npmCache: join(machine.folder, 'npm'), readFile: readInput }
    const tree = join(machine.folder, 'tree')
    let text = ''
    const print = (line: string): void => {
      text = line
    }
    const flags = { key: path('key.pem'), output: path('att.json') }
    await attest({ ...flags, manifests: [path('web.yaml')] }, tree, { ...place, passphrase: undefined, print })
    assert.match(
      text,
      /^Attested with key [0-9a-f]{16} for 1 subject\n[\s\S]*dependencies {2}1, 1 compared with the archives of the lockfile$/,
    )
    await sign({ attestation: [path('att.json')] })
    write('policy.yaml', policy(', attestations: [{predicateType: "https://bulkhead.dev/development-environment/v1"}]'))
    assert.deepEqual(await verify(), [0, 'ConfigMap/shop/web: signed\n'])
    const check = { attestation: path('att.json'), key: path('key.pub') }
    assert.equal(await devVerify(check, tree, { ...place, print }), 0)
    await machine.flip('tree/node_modules/left/index.js')
    assert.equal(await devVerify(check, tree, { ...place, print }), 1)
    assert.match(text, /dependency: "node_modules\/left\/index\.js" has other bytes than its archive/)
    await attest({ ...flags, manifests: [path('web.yaml')] }, tree, { ...place, passphrase: undefined, print })
    assert.match(text, /WARNING: it was made with changed dependencies: "node_modules\/left\/index\.js"/)
    await sign({ attestation: [path('att.json')] })
    assert.match(
      (await verify())[1],
      /refused[\s\S]*changed dependencies: "node_modules\/left\/index\.js" has other bytes than its archive/,
    )
    await attest(flags, tree, { ...place, passphrase: undefined, print })
    await assert.rejects(sign({ attestation: [path('att.json')] }), refusal(/att\.json" is about none of these objects/))
    await assert.rejects(
      attest({ ...flags, image: ['web:1'] }, tree, { ...place, passphrase: undefined, print }),
      refusal(/--image must be a digest/),
    )
    await assert.rejects(devVerify({ ...check, key: path('trust.yaml') }, tree, { ...place, print }), refusal(/must be one PEM block/))
  })
})
