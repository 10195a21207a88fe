import { defineCheck, failure, ok, warning } from '../check.ts'

interface Facts {
  readonly version: string
  readonly newest: number
}

/** The oldest that the package supports, and the one that it is built and tested with. */
const least = { major: 22, minor: 13 }
const tested = 26

export const nodejs = defineCheck<Facts>({
  id: 'nodejs',
  group: 'Programs',
  title: 'Node.js',
  reads: 'the version of the running program',
  read: () => ({ version: process.version, newest: tested }),
  evaluate({ version, newest }) {
    const [major = 0, minor = 0] = version.slice(1).split('.').map(Number)
    if (major < least.major || (major === least.major && minor < least.minor))
      return failure(`${version} is too old`, 'npm install bulkhead   # brings its own Node.js')
    if (major % 2 === 1) return warning(`${version} is no release with long support`, `install Node.js ${newest}`)
    return ok(version)
  },
})
