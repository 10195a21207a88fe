// `bulkhead image copy` and `export` with the cluster's registry and cosign: what was signed stays signed. Needs the Debian packages
// docker-registry, skopeo and cosign.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { CopyFlags } from '../../src/cli/image/copy-images.ts'
import { copyImages } from '../../src/cli/image/copy-images.ts'
import { run, temporaryFolder } from '../cluster.ts'
import { noCosign, RealRegistry, repository } from '../supply-chain/real-registry.ts'

const { signal } = new AbortController()

suite('bulkhead image copy', { skip: noCosign(), timeout: 300_000 }, () => {
  let from: RealRegistry
  let to: RealRegistry
  let folder = ''
  let digest = ''

  before(async () => {
    from = await RealRegistry.start()
    to = await RealRegistry.start()
    folder = temporaryFolder()
    digest = await from.push('1.0', 'signed')
    const pair = await from.makeKey('cosign')
    const key = ['--key', `${pair}.key`, '--tlog-upload=false', '--yes']
    await from.cosign('sign', ...key, from.reference(digest))
  })
  after(async () => {
    await from?.[Symbol.asyncDispose]()
    await to?.[Symbol.asyncDispose]()
  })

  const copy = async (source: string, target: string, flags: CopyFlags = {}): Promise<string> => {
    const lines: string[] = []
    await copyImages(source, target, flags, { defaultAuthFile: '/nowhere', print: text => lines.push(text) }, signal)
    return lines.join('\n')
  }
  const verified = async (registry: RealRegistry, name: string) =>
    (
      await run(
        'cosign',
        ['verify', '--key', join(from.folder, 'cosign.pub'), '--insecure-ignore-tlog', `${registry.host}/${name}@${digest}`],
        {
          environment: { HOME: folder, SSL_CERT_FILE: registry.ca },
        },
      )
    ).code === 0

  test('an archive carries an image with its signature into another registry', async () => {
    const archive = join(folder, 'web.tar')
    assert.match(await copy(`${from.host}/${repository}:1.0`, archive, { ca: from.ca }), new RegExp(`^${digest} .*1 attachment\\)$`))
    assert.match(await copy(archive, `${to.host}/closed/web:1.0`, { ca: to.ca }), new RegExp(`^${digest} `))
    assert.ok(await verified(to, 'closed/web'))
    const inspected = await run('skopeo', ['inspect', '--raw', `oci-archive:${archive}:${from.host}/${repository}:1.0`], {})
    assert.equal(inspected.code, 0, inspected.stderr)
  })

  test('a layout carries it too, and a copy of an unsigned image is not signed', async () => {
    const layout = join(folder, 'layout')
    mkdirSync(layout)
    await copy(`${from.host}/${repository}@${digest}`, `${layout}/`, { ca: from.ca })
    assert.ok(existsSync(join(layout, 'oci-layout')))
    await copy(layout, `${to.host}/closed/layout:2`, { ca: to.ca, image: digest })
    assert.ok(await verified(to, 'closed/layout'))
    assert.equal(await verified(to, 'closed/none'), false)
  })

  test('a folder with content, an archive of another name and an unknown image are refused', async () => {
    writeFileSync(join(folder, 'file'), 'x')
    await assert.rejects(copy(`${from.host}/${repository}:1.0`, `${folder}/`, { ca: from.ca }), /must be a new or an empty folder/)
    await assert.rejects(copy(`${from.host}/${repository}:9`, join(folder, 'x.tar'), { ca: from.ca }), /There is no image "9"/)
    await assert.rejects(copy('./nothing', join(folder, 'x.tar')), /neither a path nor the name of an image/)
    assert.equal(existsSync(join(folder, 'x.tar')), false)
  })
})
