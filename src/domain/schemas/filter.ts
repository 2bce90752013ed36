import Type from 'typebox'

/**
 * Which points are meant. What is in it is read by src/domain/filter, which says what is wrong with a condition: the
 * unions that a schema would need bury the reason.
 */
export const filterSchema = Type.Unknown({
  description:
    '{"should", "must", "must_not", "min_should": {"conditions", "min_count"}}; a clause is one condition or a list of them. A condition is {"key"} with any of "match", "range", "values_count", "is_empty", "is_null"; or {"is_empty": {"key"}}, {"is_null": {"key"}}, {"has_id": [ids]}, {"has_vector": name}, {"nested": {"key", "filter"}}; or a filter.'
})
