/** `GET /methods` and `/methods/{id}`. */
import { MethodInfo } from '../../../contract/catalogue.ts';
import { ref } from '../../../contract/schema.ts';
import { catalogueRoutes } from '../../catalogue/routes.ts';

export default catalogueRoutes({
  field: 'methods',
  noun: 'method',
  item: ref(MethodInfo),
  operation: 'Method',
  summary: 'Attribution methods, with the JSON Schema of their arguments',
  example: 'integrated_gradients',
});
