export * from './datetime.ts'
export * from './filter.ts'
export { type FilterContext, type FilterMeta, idMeta } from './filter-reader.ts'
