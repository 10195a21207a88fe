import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PackageType } from '../packages/software-package.ts'
import { versionOrders } from './index.ts'
import { maxVersionLength } from './version-order.ts'

/** Mostly from the ecosystems' own tests and specifications. */
const vectors: readonly (readonly [PackageType, source: string, chain: string])[] = [
  [
    'deb',
    'deb-version(7)',
    '1.0~~ < 1.0~~a < 1.0~ < 1.0 = 0:1.0 = 1.0-0 < 1.0a < 1.0+b1 < 1.0.1 < 1.0.1-1 < 1.0.1-1+deb12u1 < 1.0.10-1 < 1:0.1',
  ],
  ['deb', 'security updates', '3.0.15-1~deb12u1 < 3.0.15-1 < 3.0.15-1ubuntu1 < 3.0.16-1'],
  ['deb', 'zeros and signs', '1.0-0a < 1.0-01 = 1.0-1 = 1.00-1 < 1.1-2-3 < 0:1.1:2-3'],
  [
    'rpm',
    'rpmvercmp.at',
    '1.0~rc1~git123 < 1.0~rc1 < 1.0~rc2 < 1.0 < 2.0 < 2.0.1 < 2.0.1a < 5.5p1 < 5.5p2 < 5.5p10 < 5.6p1 < 6.0 < 6.0.rc1',
  ],
  ['rpm', 'rpmvercmp.at, caret', '1.0 < 1.0^ < 1.0^git1~pre < 1.0^git1 < 1.0^git2 < 1.0.1'],
  [
    'rpm',
    'rpmvercmp.at, letters',
    'xyz.4 < xyz10 < xyz10.1 < 2 < 8 < 10a1 < 10a2 < 10b2 < 10xyz < 10.0001 = 10.1 = 10_1 < 10.1xyz < 10.0039 < 20101121',
  ],
  ['rpm', 'epoch and release', '1.0 = 0:1.0 = (none):1.0 < 1.0-1.el9 < 1.0-1.el9_2 < 1.0-2.el8 < 1:0.5-1'],
  [
    'apk',
    'version.data',
    '0.1.0_alpha_pre2 < 0.1.0_alpha < 0.1.0_alpha2 < 0.1.3_alpha < 0.6.0 < 0.9.28 < 0.9.28-r1 < 0.9.28-r2 < 0.9.28.1',
  ],
  [
    'apk',
    'version.data, suffixes',
    '1.0_rc1 < 1.0 < 1.0-r1 < 1.0_p9-r0 < 1.0_p10-r0 < 1.0b-r1 < 1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0 < 1.0.0',
  ],
  ['apk', 'version.data, zeros', '1.02 < 1.02.07 < 1.02.10-r1 < 1.03-r1 < 1.2 < 1.10 < 3.1_p16 < 006 < 6b-r7 < 013 < 014-r1 < 20050718-r1'],
  [
    'npm',
    'semver.org, 11',
    '1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-alpha.beta < 1.0.0-beta < 1.0.0-beta.2 < 1.0.0-beta.11 < 1.0.0-rc.1 < 1.0.0 = v1.0.0 = 1.0.0+b.1 < 1.10.0',
  ],
  ['npm', 'numbers of any size', '1.2 = 1.2.0 = =1.2.0 < 9007199254740993.0.0 < 9007199254740994.0.0'],
  ['cargo', 'semver.org, 11', '1.0.0-0 < 1.0.0-a < 1.0.0-a-b < 1.0.0+1 = 1.0.0+2 < 2.0.0'],
  [
    'golang',
    'go.dev/ref/mod',
    'v0.0.0-20191109021931-daa7c04131f5 < v1.2.3-pre.0.20191109021931-daa7c04131f5 < v1.2.3 = 1.2.3 = v1.2.3+incompatible',
  ],
  ['golang', 'pseudo-versions', 'v1.2.3 < v1.2.4-0.20180101000000-bbbbbbbbbbbb < v1.2.4-0.20191109021931-daa7c04131f5 < v1.2.4'],
  [
    'golang',
    'tool chain',
    'go1.21.13 = 1.21.13 < 1.22.0-0 < go1.22beta1 < go1.22rc1 = 1.22.0-rc.1 < go1.22 = 1.22.0 < go1.22.3 = go1.22.3 X:boringcrypto',
  ],
  [
    'pypi',
    'PEP 440',
    '1.0.dev456 < 1.0a1 < 1.0a2.dev456 < 1.0a12.dev456 < 1.0a12 = 1.0-alpha_12 = 1.0.ALPHA12 < 1.0b1.dev456 < 1.0b2 < 1.0b2.post345.dev456',
  ],
  [
    'pypi',
    'PEP 440, releases',
    '1.0b2.post345 < 1.0rc1.dev456 < 1.0rc1 = 1.0c1 = 1.0-preview1 < 1.0 = v1.0 = 1 < 1.0+abc.5 < 1.0+abc.7 < 1.0+5 < 1.0.post456.dev34',
  ],
  [
    'pypi',
    'PEP 440, post',
    '1.0.post456.dev34 < 1.0.post456 = 1.0-456 = 1.0.rev456 < 1.0.15 < 1.1.dev1 < 1.1 < 2013b1.dev = 2013.0b1.dev0 < 2013 < 2013.10 < 1!0.5',
  ],
  [
    'maven',
    'ComparableVersionTest',
    '1-alpha2snapshot < 1-alpha2 < 1-alpha-123 < 1-beta-2 < 1-beta123 < 1-m2 < 1-m11 < 1-rc < 1-cr2 < 1-rc123 < 1-SNAPSHOT < 1 < 1-sp',
  ],
  ['maven', 'ComparableVersionTest, unknown', '1 < 1-sp < 1-sp2 < 1-sp123 < 1-abc < 1-def < 1-pom-1 < 1-1-snapshot < 1-1 < 1-2 < 1-123'],
  [
    'maven',
    'ComparableVersionTest, numbers',
    '2.0 < 2.0.a < 2-1 < 2.0.2 < 2.0.123 < 2.1.0 < 2.1-a < 2.1b < 2.1-c < 2.1-1 < 2.1.0.1 < 2.2 < 2.123',
  ],
  ['maven', 'ComparableVersionTest, letters', '11.a2 < 11.a11 < 11.b2 < 11.b11 < 11.m2 < 11.m11 < 11 < 11.a < 11b < 11c < 11m'],
  [
    'maven',
    'equal',
    '1a1 = 1-alpha-1 = 1A1 < 1cr = 1rc < 1 = 1.0.0 = 1-0 = 1.0-0 = 1ga = 1.GA = 1-final = 1release = 01 = 1. = 1- < 1a = 1-a = 1.0-a = 1.0a',
  ],
  [
    'maven',
    'equal, deep',
    '1-foo = 1.0.0-foo.0.0 < 1-1.foo-bar-1-baz-0.1 = 1-1.foo-bar1baz-.1 < 20190126.230843 < 1234567890.12345 < 12345678901234567890.1H.5-beta',
  ],
  [
    'gem',
    'test_gem_version.rb',
    '0.beta.1 = 0.0.beta.1 < 0.0.1 < 1.A < 1.8.2.a < 1.8.2.a9 < 1.8.2.a10 < 1.8.2.b < 1.8.2 = 1.8.2.0 < 1.8.2.1 < 1.9.3 < 5.a < 5.0.0.rc2 < 5.x < 5',
  ],
  ['gem', 'hyphens', '1.0.0-alpha.1 = 1.0.0.pre.alpha.1 < 1.0.0-1 < 1.0.0'],
  [
    'composer',
    'VersionParserTest',
    '1.0-dev = 1.0.0-dev < 1.0-alpha < 1.0-alpha1 = 1.0a1 < 1.0-beta < 1.0-beta2-dev < 1.0-beta2 = v1.0.0-BETA.2 < 1.0-RC1 < 1.0 = 1.0.0.0',
  ],
  ['composer', 'VersionParserTest, releases', '1.0 = v1 = 1.0-stable = 1.0+build < 1.0-p1 = 1.0pl1 = 1.0-patch1 < 1.0.1 < 1.10 < 20100102'],
]

const types = Object.keys(versionOrders) as PackageType[]

test('versionOrders has every file of the folder, by its name, and every one has vectors', () => {
  const shared = ['index.ts', 'semver.ts', 'version-order.ts']
  const files = readdirSync(import.meta.dirname).filter(name => !name.endsWith('.test.ts') && !shared.includes(name))
  assert.deepEqual(types.map(type => `${type}.ts`).sort(), files.sort())
  assert.deepEqual([...new Set(vectors.map(([type]) => type))].sort(), types.toSorted())
})

for (const [type, source, chain] of vectors)
  test(`versionOrders orders versions of ${type} as ${source}`, () => {
    const rows = chain.split(' < ').map(row => row.split(/ = (?=\S)/))
    for (const [rank, row] of rows.entries())
      for (const version of row)
        for (const [otherRank, others] of rows.entries())
          for (const other of others)
            assert.equal(versionOrders[type](version, other), Math.sign(rank - otherRank), `${version} ? ${other}`)
  })

const refused: readonly (readonly [PackageType, readonly string[]])[] = [
  ['deb', ['', '1:', ':1', 'a:1', '1.0_1', '1.0-', '-1', '99999999999:1', '1 0']],
  ['rpm', ['', '1:', 'x:1', '-1']],
  ['apk', ['', '1.0bc', '1..0', '1.0_foo', '1.0-1', '1.0-r', '1.0-r1-r2', 'a1', '1.0 ', '1.0a1']],
  ['npm', ['', '1.x', '1.0.0.0', '1.0.0-', '1.0.0-a..b', '1.0.0+', 'latest', '^1.0.0', '-1']],
  ['cargo', ['', 'v1.0.0', '1.0.0-é']],
  ['golang', ['', '(devel)', 'master', 'go', 'go1.22foo1', 'go1.22rc']],
  ['pypi', ['', '1.0.', '1.0-bulbasaur', '1.0a1a2', '1.0.dev1.post1', '1.0+', '1.0+a..b', '!1', 'x!1', '1.0--1']],
  ['gem', ['1..0', '.1', 'a', '1.0 2', '1_0', '1.']],
  ['composer', ['', 'dev-main', '1.x-dev', '1.0-unknown', '1.0-', '1..0']],
]

for (const [type, texts] of refused)
  test(`versionOrders takes no order of what is no version of ${type}`, () => {
    for (const text of texts) assert.equal(versionOrders[type](text, '1.0.0'), undefined, JSON.stringify(text))
  })

test(`versionOrders takes no order of versions over ${maxVersionLength} characters`, () => {
  for (const type of types) {
    const long = `1.${'2'.repeat(maxVersionLength - 2)}`
    assert.equal(versionOrders[type](long, long), 0, type)
    assert.equal(versionOrders[type](`${long}3`, '1'), undefined, type)
    assert.equal(versionOrders[type]('1', `${long}3`), undefined, type)
  }
})

/** Versions of few different parts, so that many of them have a common beginning. */
const parts: Readonly<Record<PackageType, readonly string[]>> = {
  deb: ['0', '1', '01', '10', '.', '-', '~', '+', ':', 'a', 'b', 'Z'],
  rpm: ['0', '1', '01', '10', '.', '-', '~', '^', '_', 'a', 'ab', 'é', ':'],
  apk: ['0', '1', '01', '10', '.', '.1', '_rc', '_p', '_alpha', '-r1', '-r2', 'a', 'b', '~a', '~b'],
  npm: ['0', '1', '10', '.1', '.0', '-', 'a', 'b', '.', '+1'],
  cargo: ['0', '1', '10', '.1', '.0', '-', 'a', 'b', '.', '+1'],
  golang: ['v', 'go', '1', '0', '.1', '.22', 'rc1', 'beta2', '-0', '.a', '+incompatible'],
  pypi: ['1', '0', '.0', '.1', 'a1', 'b', 'rc0', '.post1', '-1', '.dev0', '.dev2', '+a', '+1', '1!'],
  maven: ['0', '1', '10', '.', '-', 'a', 'x', 'rc', 'ga', 'sp', 'SNAPSHOT', 'alpha', '.0', '-0', '-1'],
  gem: ['0', '1', '10', '.', '.0', '.1', '-', 'a', '.a', '.b1', 'rc2'],
  composer: ['0', '1', '10', '.1', '.0', '-dev', '-alpha', 'b2', '-RC', 'p', '-p1', '.dev', '-1'],
}

for (const type of types)
  test(`versionOrders is a total order of versions of ${type}`, () => {
    const compare = versionOrders[type]
    const version = fc
      .array(fc.constantFrom(...parts[type]), { minLength: 1, maxLength: 6 })
      .map(list => list.join(''))
      .filter(text => compare(text, text) !== undefined)
    fc.assert(
      fc.property(version, version, version, (...three) => {
        const [a, b, c] = three
        assert.equal(compare(a, a), 0)
        assert.equal(compare(a, b), -(compare(b, a) ?? Number.NaN) || 0)
        const [low, middle, high] = three.toSorted((x, y) => compare(x, y) ?? 0)
        if (low === undefined || middle === undefined || high === undefined) return
        for (const [x, y] of [
          [low, middle],
          [middle, high],
          [low, high],
        ] as const)
          assert.ok((compare(x, y) ?? 1) <= 0, `${x} > ${y} of ${three}`)
        // Equal versions are alike to every other one.
        if (compare(a, b) === 0) assert.equal(compare(a, c), compare(b, c))
      }),
      { numRuns: 1000 },
    )
  })

test('compareDebVersions() agrees with dpkg --compare-versions', { skip: !existsSync('/usr/bin/dpkg') && 'dpkg is not installed' }, () => {
  const versions =
    '1.0 1.0-1 1.0-1+b1 1.0~rc1 1.0~rc1-1 1.0a 1.0+dfsg-1 1:0.9 0:1.0 1.00 1.0.1 1.0-1~deb12u1 1.0-1.1 2 1.0~ 1.0~~ 1.0-a 1.A 1.a 1.0.0'
  const list = versions.split(' ')
  const pairs = list.flatMap(a => list.map(b => [a, b] as const))
  const script =
    'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo lt; elif dpkg --compare-versions "$a" eq "$b"; then echo eq; else echo gt; fi; done'
  const answers = execFileSync('sh', ['-c', script], {
    input: pairs
      .map(pair => pair.join(' '))
      .join('\n')
      .concat('\n'),
    encoding: 'utf8',
  })
  const words = { lt: -1, eq: 0, gt: 1 } as Readonly<Record<string, number>>
  const orders = answers.trim().split('\n')
  assert.equal(orders.length, pairs.length)
  for (const [at, [a, b]] of pairs.entries()) assert.equal(versionOrders.deb(a, b), words[orders[at] ?? ''], `${a} ${b}`)
})

test('compareRpmVersions() agrees with rpm', { skip: !existsSync('/usr/bin/rpm') && 'rpm is not installed' }, () => {
  const list = '1.0 1.0~rc1 1.0^git1 1.0^ 1.0~ 1.0^a~b 1.a a.1 10.0001 10.1 1 1.0.0 1_0 1..0 1.0a 1.0.a 2.0.1^ 0 ~ a^b'.split(' ')
  const pairs = list.flatMap(a => list.map(b => [a, b] as const))
  const calls = pairs.map(([a, b]) => `rpm.vercmp("${a}", "${b}")`).join(', ')
  const answer = execFileSync('rpm', ['--eval', `%{lua: print(table.concat({${calls}}, " "))}`], { encoding: 'utf8' })
  const orders = answer.trim().split(' ').map(Number)
  assert.equal(orders.length, pairs.length)
  for (const [at, [a, b]] of pairs.entries()) assert.equal(versionOrders.rpm(a, b), orders[at], `${a} ${b}`)
})
