import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { imageOf } from '../oci/image-of.testing.ts'
import { writeTar } from '../oci/tar/write-tar.ts'
import { maxLocations, maxNameLength, maxPackages } from './catalogue.ts'
import { catalogueDirectory } from './catalogue-directory.ts'
import { catalogueImage } from './catalogue-image.ts'
import { buildInfo, elfFile } from './elf.fixture.ts'
import { formatPackageUrl } from './package-url.ts'
import { parseSoftware } from './parse-software.ts'

const { signal } = new AbortController()
type Files = Readonly<Record<string, string | Buffer>>

/** The lowest layer first. Files in `bin` are programs. */
async function catalogueOf(...layers: readonly Files[]) {
  const tars = layers.map(files =>
    writeTar(
      Object.entries(files).map(([path, content]) => ({
        path,
        mode: path.includes('bin/') ? 0o755 : 0o644,
        content: Buffer.from(content),
      })),
    ),
  )
  const { source, image } = await imageOf(tars)
  return await catalogueImage(source, image, signal)
}
const urls = async (...layers: readonly Files[]) => (await catalogueOf(...layers)).packages.map(formatPackageUrl)

const status = 'Package: python3-yaml\nStatus: install ok installed\nVersion: 6.0-1\n'
const release = 'NAME="x"\nID="debian"\nVERSION_ID=\'12\'\n'
const go = elfFile('.go.buildinfo', buildInfo('go1.24.1', 'dep\tr.example/a\tv1.0.0\th1:\n'))
const wheel = (name: string) => `Name: ${name}\nVersion: 1\n`

test('catalogueImage() leaves out what packages of the operating system brought', async () => {
  const files = {
    'etc/os-release': release,
    'var/lib/dpkg/status': status,
    'var/lib/dpkg/info/python3-yaml.list': '/.\n/usr/lib/python3/yaml.dist-info/METADATA\n/bin/tool\n',
    'usr/lib/python3/yaml.dist-info/METADATA': wheel('PyYAML'),
    'usr/lib/python3/own.dist-info/METADATA': wheel('own'),
    'usr/bin/tool': go,
  }
  assert.deepEqual(await urls(files), ['pkg:deb/debian/python3-yaml@6.0-1?distro=debian-12', 'pkg:pypi/own@1'])
})

test('catalogueImage() takes the upper layer for the state of packages', async () => {
  assert.deepEqual(await urls({ 'var/lib/dpkg/status': status }, { 'var/lib/dpkg/status': status.replace('6.0-1', '6.0-2') }), [
    'pkg:deb/python3-yaml@6.0-2',
  ])
  assert.deepEqual(await urls({ 'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}' }, { 'app/.wh.node_modules': '' }), [])
})

test('catalogueImage() reads lock files of folders alone', async () => {
  assert.deepEqual(await urls({ 'app/Cargo.lock': '[[package]]\nname = "a"\nversion = "1"\n' }), [])
})

test('catalogueImage() merges equal packages with their files, and bounds these', async () => {
  const files = Object.fromEntries(
    Array.from({ length: maxLocations + 10 }, (_, at) => [`p${at}/node_modules/a/package.json`, '{"name":"a","version":"1.0.0"}']),
  )
  const { packages } = await catalogueOf(files)
  assert.deepEqual(
    packages.map(({ name, locations }) => ({ name, locations: locations.length })),
    [{ name: 'a', locations: maxLocations }],
  )
})

test('catalogueImage() reports files that are malformed, and names that are no names', async () => {
  const { packages, skipped } = await catalogueOf({
    'node_modules/a/package.json': '{',
    'node_modules/b/package.json': JSON.stringify({ name: 'b\u001b[31m', version: '1' }),
    'node_modules/c/package.json': JSON.stringify({ name: 'c'.repeat(maxNameLength + 1), version: '1' }),
    'node_modules/d/package.json': '{"name":"d","version":"1"}',
  })
  assert.deepEqual(packages.map(formatPackageUrl), ['pkg:npm/d@1'])
  assert.deepEqual(
    skipped.map(({ path }) => path),
    ['node_modules/a/package.json', 'node_modules/b/package.json', 'node_modules/c/package.json'],
  )
})

test('catalogueImage() refuses more packages than any image has', async () => {
  const line = (at: number) => `Package: p${at}\nVersion: 1\n\n`
  const many = Array.from({ length: maxPackages + 1 }, (_, at) => line(at)).join('')
  await assert.rejects(
    catalogueOf({ 'var/lib/dpkg/status': many }),
    (err: unknown) => err instanceof UserError && /More than 250000 packages/.test(err.message),
  )
})

test('catalogueImage() gives the same result for the same image, and parseSoftware() accepts it', async () => {
  const files = { 'etc/os-release': release, 'var/lib/dpkg/status': status, 'usr/bin/tool': go }
  const found = await catalogueOf(files)
  assert.deepEqual(await catalogueOf(files), found)
  const software = { subject: { kind: 'image', name: 'x' }, ...found }
  assert.deepEqual(parseSoftware(JSON.parse(JSON.stringify(software))), software)
})

const good = { type: 'npm', name: 'a', version: '1', locations: [] }
for (const [name, change] of [
  ['another type', { type: 'x' }],
  ['no name', { name: '' }],
  ['a version of another type', { version: 1 }],
  ['locations that are no list', { locations: 'x' }],
  ['a source without a version', { source: { name: 'x' } }],
  ['too many licenses', { licenses: Array.from({ length: 51 }, () => 'MIT') }],
] as const) {
  test(`parseSoftware() refuses a package with ${name}`, () => {
    const answer = { subject: { kind: 'image', name: 'x' }, packages: [{ ...good, ...change }], skipped: [] }
    assert.throws(() => parseSoftware(answer), UserError)
    assert.doesNotThrow(() => parseSoftware({ ...answer, packages: [good] }))
  })
}

test('catalogueDirectory() reads what is installed and declared, follows no link, and bounds the number of files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'catalogue-'))
  try {
    const files = {
      'Cargo.lock': '[[package]]\nname = "a"\nversion = "1"\n',
      'usr/bin/tool': go,
      '.git/Cargo.lock': '[[package]]\nname = "b"\nversion = "1"\n',
    }
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content, { mode: path.includes('bin/') ? 0o755 : 0o644 })
    }
    await symlink(root, join(root, 'usr/again'))
    await symlink('/etc/os-release', join(root, 'os-release'))
    const { packages } = await catalogueDirectory(root, 'x', signal)
    assert.deepEqual(packages.map(formatPackageUrl), ['pkg:cargo/a@1', 'pkg:golang/r.example/a@v1.0.0', 'pkg:golang/stdlib@1.24.1'])
    await assert.rejects(
      catalogueDirectory(root, 'x', signal, 3),
      (err: unknown) => err instanceof UserError && /"x" has more than 3 files/.test(err.message),
    )
    await assert.rejects(
      catalogueDirectory(join(root, 'missing'), 'x', signal),
      (err: unknown) => err instanceof UserError && /Cannot read "x"/.test(err.message),
    )
  } finally {
    await rm(root, { recursive: true })
  }
})
