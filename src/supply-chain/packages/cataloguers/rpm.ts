// Packages of Red Hat, SUSE and others (rpm 4): its database in SQLite, in rpm's own format "ndb", or in Berkeley DB's hash format.
import { UserError } from '../../../base/user-error.ts'
import type { Cataloguer } from '../cataloguer.ts'
import { berkeleyValues } from '../rpm/berkeley-db.ts'
import { ndbValues } from '../rpm/ndb.ts'
import { filesOfHeader, packageOfHeader, readHeader } from '../rpm/rpm-header.ts'
import { sqliteBlobs } from '../rpm/sqlite-table.ts'

/** The database of a full installation has 200 MiB. */
export const maxDatabaseBytes = 400 * 1024 * 1024
const folders = ['var/lib/rpm/', 'usr/lib/sysimage/rpm/', 'usr/share/rpm/']
const readers: Readonly<Record<string, (file: Buffer) => Iterable<Buffer>>> = {
  'rpmdb.sqlite': file => sqliteBlobs(file, 'Packages'),
  'Packages.db': ndbValues,
  Packages: berkeleyValues,
}
const paths = folders.flatMap(folder => Object.keys(readers).map(name => `${folder}${name}`))

export const rpm: Cataloguer = {
  name: 'rpm',
  finds: 'installed',
  fixedPaths: paths,
  wish: path => (paths.includes(path) ? { maxBytes: maxDatabaseBytes } : undefined),
  read(path, content) {
    const read = readers[path.slice(path.lastIndexOf('/') + 1)]
    if (read === undefined) return { packages: [] }
    try {
      const headers = [...read(content)].map(readHeader)
      return {
        packages: headers.flatMap(header => packageOfHeader(header, `/${path}`) ?? []),
        ownedFiles: function* () {
          for (const header of headers) yield* filesOfHeader(header)
        },
      }
    } catch (err) {
      // Node's own error for an offset outside of the file.
      if (err instanceof RangeError) throw new UserError(`It is malformed: ${err.message}`, { cause: err })
      throw err
    }
  },
}
