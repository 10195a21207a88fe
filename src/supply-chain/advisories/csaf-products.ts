// The products of a CSAF 2.0 document (docs.oasis-open.org/csaf, 3.2.2): what its product ids mean.
import { listAt, objectAt, optionalObjectAt, optionalTextAt, textAt } from './record-fields.ts'

export interface CsafProduct {
  readonly cpe?: string
  readonly purl?: string
}

export interface CsafProducts {
  readonly products: ReadonlyMap<string, CsafProduct>
  /** A component, such as a package, as part of a platform. */
  readonly components: ReadonlyMap<string, { readonly component: string; readonly platform: string }>
}

export function readCsafProducts(value: unknown, where: string): CsafProducts {
  const tree = optionalObjectAt(value, where)
  const products = new Map<string, CsafProduct>()
  const add = (product: unknown, at: string) => {
    const named = objectAt(product, at)
    const helper = optionalObjectAt(named['product_identification_helper'], `${at}.product_identification_helper`)
    const cpe = optionalTextAt(helper['cpe'], `${at}.product_identification_helper.cpe`)
    const purl = optionalTextAt(helper['purl'], `${at}.product_identification_helper.purl`)
    products.set(textAt(named['product_id'], `${at}.product_id`), {
      ...(cpe !== undefined && { cpe }),
      ...(purl !== undefined && { purl }),
    })
  }
  // The nesting of branches is limited when the JSON is parsed.
  const addBranches = (branches: unknown, at: string): void => {
    for (const [index, item] of listAt(branches, at).entries()) {
      const branch = objectAt(item, `${at}[${index}]`)
      if (branch['product'] !== undefined) add(branch['product'], `${at}[${index}].product`)
      addBranches(branch['branches'], `${at}[${index}].branches`)
    }
  }
  addBranches(tree['branches'], `${where}.branches`)
  for (const [index, item] of listAt(tree['full_product_names'], `${where}.full_product_names`).entries())
    add(item, `${where}.full_product_names[${index}]`)
  const components = new Map<string, { component: string; platform: string }>()
  for (const [index, item] of listAt(tree['relationships'], `${where}.relationships`).entries()) {
    const at = `${where}.relationships[${index}]`
    const relation = objectAt(item, at)
    const id = textAt(
      objectAt(relation['full_product_name'], `${at}.full_product_name`)['product_id'],
      `${at}.full_product_name.product_id`,
    )
    const component = textAt(relation['product_reference'], `${at}.product_reference`)
    components.set(id, { component, platform: textAt(relation['relates_to_product_reference'], `${at}.relates_to_product_reference`) })
  }
  return { products, components }
}
