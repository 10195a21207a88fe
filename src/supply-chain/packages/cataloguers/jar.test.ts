import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { writeZip } from '../../zip/zip.testing.ts'
import { formatPackageUrl } from '../package-url.ts'
import { jar, maxNestedBytes } from './jar.ts'

const found = async (path: string, content: Buffer) => (await jar.read(path, content)).packages.map(formatPackageUrl)
const pom = (group: string, artifact: string, version: string) => ({
  name: `META-INF/maven/${group}/${artifact}/pom.properties`,
  content: Buffer.from(`#Generated\r\nversion=${version}\r\ngroupId=${group}\r\nartifactId=${artifact}\r\n`),
})
const manifest = (text: string) => ({ name: 'META-INF/MANIFEST.MF', content: Buffer.from(text.replaceAll('\n', '\r\n')) })
const log4j = writeZip([pom('org.apache.logging.log4j', 'log4j-core', '2.14.1'), { name: 'a.class', content: Buffer.alloc(100) }])

test('jar finds what Maven put into an archive, and into the archives in it', async () => {
  assert.deepEqual(await found('app/log4j.jar', log4j), ['pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1'])
  const war = writeZip([
    { name: 'WEB-INF/lib/x.jar', content: log4j },
    { name: 'WEB-INF/lib/commons-io-2.11.0.jar', content: writeZip([]) },
    pom('org.example', 'web', '1'),
  ])
  assert.deepEqual(await found('app/web.war', war), ['pkg:maven/org.example/web@1', 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1'])
})

test('jar finds packages by the manifest, then by the name of the file', async () => {
  const bundle = writeZip([
    manifest(
      'Manifest-Version: 1.0\nBundle-SymbolicName: org.example.long\n er.thing;singleton:=true\nBundle-Version: 1.2.3\n\nName: x\nBundle-Version: 9\n',
    ),
  ])
  assert.deepEqual(await found('a.jar', bundle), ['pkg:maven/org.example.longer/thing@1.2.3'])
  const titled = writeZip([manifest('Implementation-Title: thing\nImplementation-Version: 4\nImplementation-Vendor-Id: org.example\n')])
  assert.deepEqual(await found('a.jar', titled), ['pkg:maven/org.example/thing@4'])
  const unnamed = writeZip([{ name: 'x', content: Buffer.from('x') }])
  assert.deepEqual(await found('lib/commons-io-2.11.0.jar', unnamed), ['pkg:maven/commons-io@2.11.0'])
  assert.deepEqual(await found('lib/app.jar', unnamed), [])
})

const bad: [string, Buffer, RegExp][] = [
  ['what is no archive', Buffer.from('PK\x03\x04 and no more, but long enough'), /no end record/],
  [
    'an archive whose directory is cut',
    Buffer.concat([log4j.subarray(0, 40), log4j.subarray(-22)]),
    /its directory is outside of the file/,
  ],
  [
    'archives nested too deeply',
    [1, 2, 3, 4].reduce(content => writeZip([{ name: 'x.jar', content }]), log4j),
    /nested deeper than 3 levels/,
  ],
  [
    'a nested archive that is too large',
    writeZip([{ name: 'x.jar', content: Buffer.alloc(maxNestedBytes + 1) }]),
    /at most 67108864 are read/,
  ],
  [
    'a nested archive that is larger than it says',
    writeZip([{ name: 'x.jar', content: Buffer.alloc(maxNestedBytes + 1), claims: { size: 5 } }]),
    /cannot be unpacked/,
  ],
  ['an encrypted entry', writeZip([{ ...pom('a', 'b', '1'), claims: { flags: 1 } }]), /is encrypted/],
  ['an entry of another method', writeZip([{ ...pom('a', 'b', '1'), claims: { method: 12 } }]), /packed by method 12/],
]
for (const [name, content, want] of bad) {
  test(`jar refuses ${name}`, async () => {
    await assert.rejects(
      async () => await found('a.jar', content),
      (err: unknown) => err instanceof UserError && want.test(err.message),
    )
  })
}

test('jar survives each byte of an archive that is another', async () => {
  const file = writeZip([pom('a', 'b', '1'), { name: 'x.jar', content: log4j }])
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file)
    changed[at] = (changed[at] ?? 0) ^ 0xff
    await found('a.jar', changed).catch((err: unknown) => assert.ok(err instanceof UserError, String(err)))
  }
})
