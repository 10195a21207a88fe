import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { UserError } from '../../../base/user-error.ts'
import { buildInfo, elfFile } from '../elf.fixture.ts'
import { formatPackageUrl } from '../package-url.ts'
import { maxStatusBytes } from './dpkg.ts'
import { maxBinaryBytes } from './golang.ts'
import { cataloguers } from './index.ts'
import { maxDatabaseBytes } from './rpm.ts'

/** Of the cataloguers that want the file. */
async function packagesOf(path: string, content: string | Buffer, mode = 0o644): Promise<string[]> {
  const bytes = Buffer.from(content)
  const found: string[] = []
  for (const cataloguer of cataloguers) {
    const wish = cataloguer.wish(path, { mode, size: bytes.length })
    if (wish === undefined || wish.beginsWith?.every(begin => !bytes.subarray(0, begin.length).equals(begin))) continue
    const { packages } = await cataloguer.read(path, bytes)
    found.push(...packages.map(formatPackageUrl))
  }
  return found
}

const json = (value: unknown): string => JSON.stringify(value)
const go = buildInfo(
  'go1.24.1 X:nodwarf5',
  'path\tr.example/a\nmod\tr.example/a\tv1.2.3\th1:x=\ndep\tgolang.org/x/net\tv0.30.0\th1:x=\ndep\tr.example/old\tv1.0.0\n=>\tr.example/new\tv2.0.0\th1:\nbuild\t-compiler=gc\n',
)

const rows: [string, string, string | Buffer, readonly string[]][] = [
  [
    'dpkg: what is there, and the source package',
    'var/lib/dpkg/status',
    'Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\nDescription: x\n Version: 9\nSource: src (1:2-2)\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: c\nStatus: install ok half-configured\nVersion: 3\n',
    ['pkg:deb/a@1:2-3?arch=amd64&upstream=src%401:2-2', 'pkg:deb/c@3'],
  ],
  [
    'dpkg: a file for each package',
    'var/lib/dpkg/status.d/base',
    'Package: base-files\nVersion: 12\nArchitecture: all\n',
    ['pkg:deb/base-files@12?arch=all'],
  ],
  [
    'apk: packages with their origin and files',
    'lib/apk/db/installed',
    'C:Q1x=\nP:libssl3\nV:3.1.4-r0\nA:x86_64\nL:Apache-2.0\no:openssl\nF:lib\nR:libssl.so\n\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n',
    ['pkg:apk/libssl3@3.1.4-r0?arch=x86_64&upstream=openssl', 'pkg:apk/musl@1.2.4-r2?arch=x86_64'],
  ],
  ['npm: a package', 'app/node_modules/a/package.json', json({ name: 'a', version: '1.0.0', license: 'MIT' }), ['pkg:npm/a@1.0.0']],
  ['npm: a scope', 'app/node_modules/@s/a/package.json', json({ name: '@s/a', version: '1.0.0' }), ['pkg:npm/%40s/a@1.0.0']],
  ['npm: a program outside of node_modules', 'opt/yarn/package.json', json({ name: 'yarn', version: '1.22.0' }), ['pkg:npm/yarn@1.22.0']],
  ['npm: no fixture of a package', 'app/node_modules/a/test/x/package.json', json({ name: 'x', version: '1.0.0' }), []],
  ['npm: no file without a version', 'app/node_modules/a/package.json', json({ type: 'module' }), []],
  [
    'npm-lock: paths',
    'package-lock.json',
    json({
      lockfileVersion: 3,
      packages: {
        '': { name: 'me', version: '1.0.0' },
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
        'node_modules/w': { link: true },
        'node_modules/alias': { name: 'real', version: '3.0.0' },
      },
    }),
    ['pkg:npm/a@1.0.0', 'pkg:npm/%40s/b@2.0.0', 'pkg:npm/real@3.0.0'],
  ],
  [
    'npm-lock: the older tree',
    'x/package-lock.json',
    json({
      lockfileVersion: 1,
      dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } }, c: { version: 'file:../c' } },
    }),
    ['pkg:npm/a@1.0.0', 'pkg:npm/b@2.0.0'],
  ],
  [
    'yarn-lock: version 1',
    'yarn.lock',
    '# yarn lockfile v1\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.2.0"\n  resolved "x"\n  dependencies:\n    b "1"\n\nb@1:\n  version "1.0.0"\n',
    ['pkg:npm/%40s/a@1.2.0', 'pkg:npm/b@1.0.0'],
  ],
  [
    'yarn-lock: later versions',
    'yarn.lock',
    '__metadata:\n  version: 8\n\n"a@npm:^1.0.0, a@npm:^1.1.0":\n  version: 1.2.0\n  resolution: "a@npm:1.2.0"\n\n"alias@npm:@s/real@1":\n  version: 1.0.0\n\n"me@workspace:.":\n  version: 0.0.0-use.local\n',
    ['pkg:npm/a@1.2.0', 'pkg:npm/%40s/real@1.0.0'],
  ],
  [
    'pnpm-lock: the keys of three versions',
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\npackages:\n  '@s/a@1.0.0':\n    resolution: {}\n  b@2.0.0:\n    x: y\n  /c@3.0.0(a@1.0.0):\n  /@s/d/4.0.0_react@18.0.0:\n  /e/5.0.0:\nsnapshots:\n  f@6.0.0: {}\n  g@7.0.0:\n",
    ['pkg:npm/%40s/a@1.0.0', 'pkg:npm/b@2.0.0', 'pkg:npm/c@3.0.0', 'pkg:npm/%40s/d@4.0.0', 'pkg:npm/e@5.0.0'],
  ],
  [
    'pypi: a wheel',
    'usr/lib/python3/dist-packages/Foo_Bar-1.0.dist-info/METADATA',
    'Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\nLicense: MIT\n\nName: other\nVersion: 2\n',
    ['pkg:pypi/foo-bar@1.0'],
  ],
  ['pypi: an egg', 'x/a.egg-info/PKG-INFO', 'Name: a\nVersion: 2\n', ['pkg:pypi/a@2']],
  [
    'python-lock: poetry',
    'poetry.lock',
    '[[package]]\nname = "a"\nversion = "1.0"\n\n[package.dependencies]\nname = "x"\n\n[[package]]\nname = "b"\nversion = "2"\n\n[metadata]\nversion = "9"\n',
    ['pkg:pypi/a@1.0', 'pkg:pypi/b@2'],
  ],
  [
    'python-lock: uv without the project',
    'uv.lock',
    '[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n\n[[package]]\nname = "me"\nversion = "0.1"\nsource = { editable = "." }\n',
    ['pkg:pypi/a@1.0'],
  ],
  [
    'python-lock: pipenv',
    'Pipfile.lock',
    json({ default: { a: { version: '==1.0' }, b: { git: 'x' } }, develop: { c: { version: '==2' } } }),
    ['pkg:pypi/a@1.0', 'pkg:pypi/c@2'],
  ],
  [
    'python-lock: requirements with one version',
    'requirements-dev.txt',
    'a==1.0\nb>=2\nc[x]==3 ; python_version > "3" # y\n-r other.txt\nd == 4 \\\n    --hash=sha256:0\ne==1.*\n',
    ['pkg:pypi/a@1.0', 'pkg:pypi/c@3', 'pkg:pypi/d@4'],
  ],
  [
    'golang: modules with what replaces them',
    'usr/bin/a',
    elfFile('.go.buildinfo', go),
    ['pkg:golang/stdlib@1.24.1', 'pkg:golang/r.example/a@v1.2.3', 'pkg:golang/golang.org/x/net@v0.30.0', 'pkg:golang/r.example/new@v2.0.0'],
  ],
  ['golang: no other program', 'usr/bin/b', elfFile('.text', Buffer.from('x')), []],
  [
    'go-mod: what it requires and replaces',
    'go.mod',
    'module r.example/me\n\ngo 1.24\nrequire r.example/a v1.0.0 // indirect\nrequire (\n\tr.example/b v1.1.0\n\tr.example/c v1.2.0 // indirect\n)\nreplace r.example/b => r.example/d v2.0.0\nreplace (\n\tr.example/c => ../c\n)\nexclude r.example/x v1.0.0\n',
    ['pkg:golang/r.example/a@v1.0.0', 'pkg:golang/r.example/d@v2.0.0'],
  ],
  [
    'cargo: audit data without build dependencies',
    'usr/bin/c',
    elfFile(
      '.dep-v0',
      deflateSync(
        json({
          packages: [
            { name: 'a', version: '1.0.0', source: 'crates.io' },
            { name: 'cc', version: '1.0.1', kind: 'build' },
          ],
        }),
      ),
    ),
    ['pkg:cargo/a@1.0.0'],
  ],
  [
    'cargo-lock',
    'Cargo.lock',
    'version = 3\n\n[[package]]\nname = "a"\nversion = "1.0.0"\ndependencies = [\n "b",\n]\n',
    ['pkg:cargo/a@1.0.0'],
  ],
  [
    'gem',
    'usr/lib/ruby/gems/3.3.0/specifications/rake-13.1.0.gemspec',
    '# stub\nGem::Specification.new do |s|\n  s.name = "rake".freeze\n  s.version = "13.1.0"\n  s.licenses = ["MIT".freeze]\nend\n',
    ['pkg:gem/rake@13.1.0'],
  ],
  [
    'gemfile-lock',
    'Gemfile.lock',
    'GEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n\nDEPENDENCIES\n  nokogiri (1)\n',
    ['pkg:gem/nokogiri@1.15.4', 'pkg:gem/racc@1.7.1'],
  ],
  [
    'composer',
    'app/vendor/composer/installed.json',
    json({ packages: [{ name: 'Acme/a', version: 'v1.0.0', license: ['MIT'] }] }),
    ['pkg:composer/acme/a@1.0.0'],
  ],
  [
    'composer: version 1',
    'app/vendor/composer/installed.json',
    json([{ name: 'acme/a', version: '1.0.0' }]),
    ['pkg:composer/acme/a@1.0.0'],
  ],
  [
    'composer-lock',
    'composer.lock',
    json({ packages: [{ name: 'acme/a', version: '1' }], 'packages-dev': [{ name: 'acme/b', version: '2' }] }),
    ['pkg:composer/acme/a@1', 'pkg:composer/acme/b@2'],
  ],
]
for (const [name, path, content, want] of rows) {
  test(`a cataloguer finds ${name}`, async () => {
    assert.deepEqual((await packagesOf(path, content, path.startsWith('usr/bin/') ? 0o755 : 0o644)).sort(), [...want].sort())
  })
}

/** These have tests of their own. */
const elsewhere = ['jar', 'rpm']

test('each cataloguer has a row that finds something', () => {
  const named = rows.filter(([, , , want]) => want.length > 0).map(([name]) => name.split(':', 1)[0])
  assert.deepEqual(
    cataloguers.filter(({ name }) => !named.includes(name) && !elsewhere.includes(name)).map(({ name }) => name),
    [],
  )
})

const deep = `${'{"dependencies":{"a":'.repeat(200)}1${'}}'.repeat(200)}`
const malformed: [string, string, string | Buffer, RegExp][] = [
  ['JSON that is none', 'node_modules/a/package.json', '{', /It is not JSON/],
  ['JSON that is a list', 'node_modules/a/package.json', '[]', /It is not a JSON object/],
  ['JSON that is too deep', 'package-lock.json', deep, /nested deeper than 100 levels/],
  ['a gemspec that another program wrote', 'specifications/a.gemspec', 's.name = x', /assigns no name and version/],
  ['audit data that is damaged', 'usr/bin/a', elfFile('.dep-v0', Buffer.from('x')), /\.dep-v0 cannot be unpacked/],
  [
    'audit data that is a bomb',
    'usr/bin/a',
    elfFile('.dep-v0', deflateSync(Buffer.alloc(9 * 1024 ** 2))),
    /\.dep-v0 cannot be unpacked to at most/,
  ],
]
for (const [name, path, content, want] of malformed) {
  test(`a cataloguer refuses ${name}`, async () => {
    await assert.rejects(packagesOf(path, content, 0o755), (err: unknown) => err instanceof UserError && want.test(err.message))
  })
}

const odd: [string, string, string | Buffer][] = [
  ['names that are in every object', 'node_modules/a/package.json', '{"__proto__":{"name":"a","version":"1"}}'],
  [
    'values of other types',
    'package-lock.json',
    json({ packages: { 'node_modules/a': 1, 'node_modules/b': { version: 2 }, 'node_modules/c': null } }),
  ],
  [
    'build information that ends early',
    'usr/bin/a',
    Buffer.concat([elfFile('.text', Buffer.alloc(0)).subarray(0, 64), go.subarray(0, 40)]),
  ],
  [
    'build information whose length is a lie',
    'usr/bin/a',
    elfFile('.go.buildinfo', Buffer.concat([go.subarray(0, 32), Buffer.from([0xff, 0xff, 0xff, 0x7f])])),
  ],
  [
    'section tables outside of the file',
    'usr/bin/a',
    Buffer.concat([elfFile('.dep-v0', Buffer.alloc(0)).subarray(0, 0x28), Buffer.alloc(64, 0xff)]),
  ],
]
for (const [name, path, content] of odd) {
  test(`a cataloguer finds nothing in ${name}`, async () => {
    assert.deepEqual(await packagesOf(path, content, 0o755), [])
  })
}

test('no cataloguer wants a file without a bound', () => {
  const paths = rows.map(([, path]) => path)
  for (const { name, wish } of cataloguers)
    for (const path of paths) {
      const maxBytes = wish(path, { mode: 0o755, size: 1 })?.maxBytes ?? 0
      assert.ok(maxBytes <= Math.max(maxBinaryBytes, maxStatusBytes, maxDatabaseBytes), `${name}: ${path}`)
    }
})
