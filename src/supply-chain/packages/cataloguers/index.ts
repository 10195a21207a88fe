// Every cataloguer. A test compares the list with the folder.
import type { Cataloguer } from '../cataloguer.ts'
import { dpkg } from './dpkg.ts'

export const cataloguers: readonly Cataloguer[] = [dpkg]
