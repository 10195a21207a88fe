import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { UserError } from '../../base/user-error.ts'
import { buildImage } from '../../node/images/oci-image.ts'
import { listTar } from '../../supply-chain/oci/tar/list-tar.ts'
import { type TarEntry, writeTar } from '../../supply-chain/oci/tar/write-tar.ts'
import { sha256Of } from '../../supply-chain/oci/verified-content.ts'
import { readSoftware } from './read-software.ts'

const { signal } = new AbortController()
const status = 'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\nSource: bash-src\n'
const files: readonly TarEntry[] = [
  { path: 'etc/os-release', mode: 0o644, content: Buffer.from('ID=debian\nVERSION_ID="12"\n') },
  { path: 'var/lib/dpkg/status', mode: 0o644, content: Buffer.from(status) },
]
const image = buildImage({ name: 'r.example/debian:12', architecture: 'amd64', user: '1', files })

/** As "docker save" writes it: the second image's layer is a link to the first's; builders other than Docker compress layers. */
function dockerArchive(): Buffer {
  const layer = writeTar(files)
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [sha256Of(layer)] } }))
  const images = ['a', 'b', 'c'].map(name => ({ Config: 'config.json', RepoTags: [`r.example/${name}:1`], Layers: [`${name}/layer.tar`] }))
  return writeTar([
    { path: 'config.json', mode: 0o644, content: config },
    { path: 'a/layer.tar', mode: 0o644, content: layer },
    { path: 'b/layer.tar', mode: 0o777, linkTo: '../a/layer.tar' },
    { path: 'c/layer.tar', mode: 0o644, content: gzipSync(layer) },
    { path: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(images)) },
  ])
}
const debian = { id: 'debian', version: '12' }
const bash = {
  type: 'deb',
  name: 'bash',
  version: '5.2-1',
  architecture: 'amd64',
  source: { name: 'bash-src', version: '5.2-1' },
  distribution: debian,
  locations: ['/var/lib/dpkg/status'],
}
const platform = 'linux/amd64'

describe('readSoftware()', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'software-'))
    await writeFile(join(folder, 'image.tar'), image.archive)
    await writeFile(join(folder, 'image.tar.gz'), gzipSync(image.archive))
    await writeFile(join(folder, 'docker.tar'), dockerArchive())
    await writeFile(join(folder, 'docker.tar.zst'), zstdCompressSync(dockerArchive()))
    for await (const { path, type, offset, size } of listTar(async (at, length) => image.archive.subarray(at, at + length))) {
      if (type === 'directory') await mkdir(join(folder, 'layout', path), { recursive: true })
      else {
        await mkdir(join(folder, 'layout'), { recursive: true })
        await writeFile(join(folder, 'layout', path), image.archive.subarray(offset, offset + size))
      }
    }
    await mkdir(join(folder, 'root/var/lib/dpkg'), { recursive: true })
    await mkdir(join(folder, 'root/etc'))
    await writeFile(join(folder, 'root/var/lib/dpkg/status'), status)
    await symlink('/etc/passwd', join(folder, 'root/etc/os-release'))
  })
  after(async () => await rm(folder, { recursive: true }))

  for (const name of ['image.tar', 'image.tar.gz', 'layout']) {
    test(`finds packages in ${name}`, async () => {
      const path = join(folder, name)
      const { subject, distribution, packages, skipped } = await readSoftware(path, { platform }, signal)
      assert.deepEqual(subject, { kind: 'image', name: path, digest: image.digest, platform: { os: 'linux', architecture: 'amd64' } })
      assert.deepEqual({ distribution, packages, skipped }, { distribution: debian, packages: [bash], skipped: [] })
    })
  }

  for (const name of ['docker.tar', 'docker.tar.zst'])
    for (const wanted of ['r.example/a:1', 'b:1', 'c:1']) {
      test(`finds packages of ${wanted} in ${name}`, async () => {
        const { subject, packages } = await readSoftware(join(folder, name), { image: wanted, platform }, signal)
        assert.equal(subject.name, wanted)
        assert.deepEqual(packages, [bash])
      })
    }

  test('finds packages in a folder, and follows no link there', async () => {
    const { distribution, packages, skipped } = await readSoftware(join(folder, 'root'), {}, signal)
    const { distribution: _, ...plain } = bash
    assert.deepEqual({ distribution, packages, skipped }, { distribution: undefined, packages: [plain], skipped: [] })
  })

  const bad: [string, string, { image?: string; platform?: string }, RegExp][] = [
    ['what does not exist', 'missing', {}, /does not exist/],
    ['another platform', 'image.tar', { platform: 'linux/arm64' }, /is for platform linux\/amd64, not linux\/arm64/],
    ['a malformed platform', 'image.tar', { platform: 'amd64' }, /--platform must be such as/],
    ['an image that is not there', 'image.tar', { image: 'other' }, /has no image "other": it has "r.example\/debian:12"/],
    ['a file that is no archive', 'layout/index.json', { platform }, /Cannot read archive .*: it is not a tar archive/],
  ]
  for (const [what, name, options, want] of bad) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(
        readSoftware(join(folder, name), options, signal),
        (err: unknown) => err instanceof UserError && want.test(err.message),
      )
    })
  }

  test('refuses the reference of a registry, and says how to save the image', async () => {
    await assert.rejects(
      readSoftware('registry.example/web:1', {}, signal),
      /images are not read from registries: write it into a file first with "bulkhead image export registry\.example\/web:1 image\.tar"/,
    )
  })
})
