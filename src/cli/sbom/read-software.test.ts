import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { UserError } from '../../base/user-error.ts'
import { buildImage } from '../../node/images/oci-image.ts'
import { listTar } from '../../supply-chain/oci/tar/list-tar.ts'
import { readSoftware } from './read-software.ts'

const { signal } = new AbortController()
const status = 'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\nSource: bash-src\n'
const image = buildImage({
  name: 'r.example/debian:12',
  architecture: 'amd64',
  user: '1',
  files: [
    { path: 'etc/os-release', mode: 0o644, content: Buffer.from('ID=debian\nVERSION_ID="12"\n') },
    { path: 'var/lib/dpkg/status', mode: 0o644, content: Buffer.from(status) },
  ],
})
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
      /images are not read from registries yet: save it with "skopeo copy/,
    )
  })
})
