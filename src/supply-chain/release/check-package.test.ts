import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { checkPackage, verifyExecuted } from './check-package.ts'
import { describeDifferences } from './compare-files.ts'
import { manifestFile, maxManifestBytes, parseManifest } from './package-manifest.ts'
import { partCode } from './part-code.ts'
import { maxFileBytes, readFiles } from './read-files.ts'
import { newKey, TestPackage } from './release.testing.ts'
import { verifiedPackage } from './verified-package.ts'
import { packageDifferences, readManifest } from './verify-package.ts'

const files = {
  'package.json': '{}',
  'bin/bulkhead.mjs': 'await 1',
  'dist/cli.js': "import './abc/cli.js'",
  'dist/abc/cli.js': '1',
  'dist/abc/chunk.js': '2',
  'dist/types/index.d.ts': 'export {}',
  'README.md': 'text',
}
const refusal = (message: RegExp) => (err: unknown) => {
  assert.ok(err instanceof UserError, String(err))
  assert.match(err.message, message)
  return true
}

test('verifyExecuted() takes a package as it was signed, and says what kind of build it is', async () => {
  using made = await TestPackage.create(files)
  const { build, keyId, manifest, root } = await verifyExecuted(made.root, ['up'])
  assert.deepEqual([build, root, manifest.name, manifest.version, manifest.files.size], ['development', made.root, 'bulkhead', '1.2.3', 8])
  assert.match(keyId, /^[0-9a-f]{16}$/)
  assert.equal((await verifyExecuted(made.root, ['up'], made.key.publicKey)).build, 'release')
  made.write('key.pem', made.key.publicKey)
  for (const words of [
    ['up', '--package-key', made.path('key.pem')],
    ['up', `--package-key=${made.path('key.pem')}`],
  ])
    assert.equal((await verifyExecuted(made.root, words, newKey().publicKey)).build, 'release')
})

test('verifyExecuted() names the file that is not as it was signed', async () => {
  const rows: readonly (readonly [string, (made: TestPackage) => unknown, RegExp])[] = [
    ['other bytes', made => made.write('dist/abc/chunk.js', '3'), /"dist\/abc\/chunk\.js" has other bytes than in the manifest/],
    ['more bytes', made => made.write('bin/bulkhead.mjs', 'await 12'), /"bin\/bulkhead\.mjs" has 8 bytes, and 7 in the manifest/],
    ['missing', made => rmSync(made.path('dist/cli.js')), /"dist\/cli\.js" is missing/],
    ['extra', made => made.write('dist/abc/late.js', ''), /"dist\/abc\/late\.js" is not in the manifest/],
    ['a link', made => symlinkSync('cli.js', made.path('dist/abc/link.js')), /"dist\/abc\/link\.js" is no regular file/],
    ['executable', made => chmodSync(made.path('dist/cli.js'), 0o755), /"dist\/cli\.js" is executable/],
    ['huge', made => truncateSync(made.path('dist/cli.js'), maxFileBytes + 1), /"dist\/cli\.js" has 67108865 bytes, at most/],
    ['no manifest', made => rmSync(made.path(manifestFile)), /package-manifest\.dsse\.json": it does not exist/],
    ['no key', made => rmSync(made.path('development-build.pub')), /its key must be given with --package-key/],
    ['no envelope', made => made.write(manifestFile, '{}'), /is no DSSE envelope: it has no payloadType/],
    ['no JSON', made => made.write(manifestFile, 'x'), /is no DSSE envelope/],
    ['a huge manifest', made => made.write(manifestFile, 'x'.repeat(maxManifestBytes + 1)), /at most 8388608 are read/],
    ['signed by another', made => made.sign(newKey()), /is not signed with the key/],
    ['listed twice', made => made.sign(made.key, all => [...all, ...all]), /lists "README\.md" twice/],
    [
      'outside',
      made => made.sign(made.key, all => all.map(file => ({ ...file, path: `../${file.path}` }))),
      /has an entry that is no file with path/,
    ],
  ]
  for (const [name, change, message] of rows) {
    using made = await TestPackage.create(files)
    await change(made)
    await assert.rejects(verifyExecuted(made.root, ['up']), refusal(message), name)
  }
})

test('verifyExecuted() leaves documents and types to "bulkhead verify package"', async () => {
  using made = await TestPackage.create(files)
  made.write('README.md', 'TEXT')
  made.write('dist/types/index.d.ts', 'EXPORT {}')
  const { manifest } = await verifyExecuted(made.root, ['up'])
  const found = await packageDifferences(made.root, manifest, { executed: false })
  assert.deepEqual(
    found.map(({ path }) => path),
    ['README.md', 'dist/types/index.d.ts'],
  )
})

test('verifyExecuted() requires that nobody else may write the cache of compiled code', async () => {
  using made = await TestPackage.create(files)
  mkdirSync(made.path('dist/.compile-cache'), { mode: 0o700 })
  made.write('dist/.compile-cache/v8/code', 'compiled')
  await verifyExecuted(made.root, ['up'])
  chmodSync(made.path('dist/.compile-cache'), 0o777)
  await assert.rejects(verifyExecuted(made.root, ['up']), refusal(/"dist\/\.compile-cache" may be written by others: remove it/))
})

test('checkPackage() checks before "up" alone, and hands over what it verified', async () => {
  using made = await TestPackage.create(files)
  made.write('dist/abc/chunk.js', '3')
  assert.equal(await checkPackage(made.root, ['check', 'deploy/']), undefined)
  assert.match((await checkPackage(made.root, ['up'])) ?? '', /not those of bulkhead 1\.2\.3: .*Nothing of it was started: install/)
  assert.equal(verifiedPackage(), undefined)
  made.write('dist/abc/chunk.js', '2')
  assert.equal(await checkPackage(made.root, ['up']), undefined)
  assert.equal(verifiedPackage()?.root, made.root)
})

test('partCode() reads the code again before each start, also of a copy elsewhere', async () => {
  using made = await TestPackage.create(files)
  const verified = await verifyExecuted(made.root, ['up'])
  assert.equal(partCode(undefined, made.path('dist/abc/cli.js')), undefined)
  const code = partCode(verified, made.path('dist/abc/cli.js'))
  assert.equal(code?.facts.files, 2)
  await Promise.all([code?.verify(), code?.verify()])
  made.write('copy/dist/cli.js', '1')
  made.write('copy/dist/chunk.js', '2')
  const copied = partCode(verified, made.path('copy/dist/cli.js'))
  await copied?.verify()
  made.write('copy/dist/chunk.js', '3')
  await assert.rejects(copied?.verify() ?? Promise.resolve(), refusal(/"chunk\.js" has other bytes/))
  await code?.verify()
  made.write('dist/abc/more.js', '')
  await assert.rejects(
    code?.verify() ?? Promise.resolve(),
    refusal(/The code in ".*abc" is not that of bulkhead 1\.2\.3: "more\.js" is not in/),
  )
  assert.throws(() => partCode(verified, made.path('dist/abc/other.js')), refusal(/has no "other\.js"/))
})

test('parseManifest() takes nothing but a manifest', () => {
  const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)), 'm')
  const predicateType = 'https://bulkhead.dev/package/v1'
  assert.throws(() => parse({ predicateType: 'x', subject: [] }), refusal(/^m is no manifest of a package/))
  assert.throws(() => parse({ predicateType, subject: new Array(20_001).fill({}) }), refusal(/^m must list at most 20000 files/))
  const entry = { name: 'a', digest: { sha256: '0'.repeat(64) }, annotations: { size: 1, mode: '0644' } }
  assert.equal(parse({ predicateType, subject: [entry] }).files.get('a')?.executable, false)
  for (const name of ['', '/a', 'a/../b', './a', 'a\\b', 'a//b', 'a\0'])
    assert.throws(() => parse({ predicateType, subject: [{ ...entry, name }] }), refusal(/no file with path/), JSON.stringify(name))
  assert.throws(() => parse({ predicateType, subject: [{ ...entry, digest: { sha256: 'A'.repeat(64) } }] }), refusal(/no file/))
  assert.throws(() => parse({ predicateType, subject: [{ ...entry, annotations: { size: 1, mode: '4755' } }] }), refusal(/no file/))
})

test('describeDifferences() names a few files, and readFiles() reports what it cannot read', async () => {
  const many = Array.from({ length: 8 }, (_, at) => ({ path: `f${at}`, what: 'is missing' }))
  assert.match(describeDifferences(many), /^"f0" is missing, .*"f4" is missing and 3 more$/)
  using made = await TestPackage.create(files)
  const [found] = await readFiles(made.root, ['none'])
  assert.ok(found !== undefined && 'problem' in found && /cannot be read: ENOENT/.test(found.problem))
  await assert.rejects(readManifest(made.root, { required: 'x' }), refusal(/must be one PEM block/))
})
