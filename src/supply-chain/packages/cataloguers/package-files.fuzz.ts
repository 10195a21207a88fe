// Package databases and programs of a stranger: each cataloguer finds packages or throws a UserError, whatever the file holds.
import assert from 'node:assert/strict'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import type { FuzzTarget } from '../../../base/testing/fuzz-target.testing.ts'
import { UserError } from '../../../base/user-error.ts'
import { writeZip } from '../../zip/zip.testing.ts'
import { buildInfo, elfFile } from '../elf.fixture.ts'
import { formatPackageUrl, parsePackageUrl } from '../package-url.ts'
import { berkeleyFile, ndbFile, rpmHeader } from '../rpm/rpm-database.fixture.ts'
import { cataloguers } from './index.ts'

const word = fc.stringMatching(/^[a-z0-9./-]{0,12}$/)
const header = fc.tuple(word, word).map(([name, version]) => rpmHeader({ 1000: name, 1001: version, 1002: '1', 1117: [name], 1118: ['/'] }))
const paths = [
  'var/lib/rpm/rpmdb.sqlite',
  'var/lib/rpm/Packages.db',
  'var/lib/rpm/Packages',
  'a.jar',
  'usr/bin/a',
  'var/lib/dpkg/status',
  'lib/apk/db/installed',
  'node_modules/a/package.json',
  'package-lock.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'a.dist-info/METADATA',
  'Gemfile.lock',
  'specifications/a.gemspec',
  'go.mod',
  'Cargo.lock',
  'composer.lock',
]

export const packageFiles: FuzzTarget = {
  name: 'package-files',
  inputs: fc.oneof(
    fc.array(header, { maxLength: 3 }).map(ndbFile),
    fc.array(header, { maxLength: 3 }).map(berkeleyFile),
    fc.tuple(word, word).map(([name, content]) => writeZip([{ name: `META-INF/maven/a/b/${name}`, content: Buffer.from(content) }])),
    fc.tuple(word, word).map(([version, modules]) => elfFile('.go.buildinfo', buildInfo(`go${version}`, `mod\t${modules}\tv1`))),
    fc.json().map(text => elfFile('.dep-v0', deflateSync(Buffer.from(text)))),
    fc.json(),
    fc.tuple(word, word).map(([name, version]) => `Package: ${name}\nVersion: ${version}\n\nP:${name}\nV:${version}\n`),
  ),
  words: [
    'SQLite format 3\0',
    'RpmP',
    'Slot',
    'BlbS',
    'PK\x03\x04',
    'PK\x05\x06',
    '\x7fELF',
    '\xff Go buildinf:',
    '"version":"1"',
    '[[package]]',
    '\n  version: ',
  ],
  maxBytes: 8192,
  async run(input) {
    for (const path of paths)
      for (const cataloguer of cataloguers) {
        if (cataloguer.wish(path, { mode: 0o755, size: input.length }) === undefined) continue
        try {
          const { packages, ownedFiles } = await cataloguer.read(path, input)
          for (const _ of ownedFiles?.() ?? []);
          for (const each of packages)
            if (each.name !== '') assert.ok(parsePackageUrl(formatPackageUrl(each)) !== undefined, 'a package has a URL that can be read')
        } catch (err) {
          if (!(err instanceof UserError)) throw err
        }
      }
  },
}
