// Where imported advisories are, unless a flag says so.
import { join } from 'node:path'

/** As the XDG base directory specification has it for data of a user. */
export function defaultAdvisories(home: string, dataHome: string | undefined): string {
  return join(dataHome === undefined || !dataHome.startsWith('/') ? join(home, '.local', 'share') : dataHome, 'bulkhead', 'advisories')
}
