"""Calls that must fail: op | class of the error | the call | words that its text must contain.

A row may go on in an indented line. The text must also name the op (not where it is put in
brackets), and the line here. In a call, `t` is the package, which may also be PyTorch.
"""

SHAPES = """
add | ShapeError | ones(2, 3) + ones(4) | add | (2, 3) | (4,) | 3 and 4
sub | ShapeError | ones(2, 3) - ones(2) | sub | (2, 3) | (2,) | unsqueeze
mul | ShapeError | ones(2, 3) * ones(3, 2) | mul | (3, 2) | (2, 3)
div | ShapeError | ones(2, 3) / ones(5) | div | (2, 3) | (5,)
pow | ShapeError | ones(2, 3) ** ones(5) | pow | (2, 3) | (5,)
maximum | ShapeError | t.maximum(x, ones(2)) | maximum | (2,)
where | ShapeError | t.where(x > 0, x, ones(2)) | where | (2,)
eq | ShapeError | x == ones(2) | eq | (2, 3) | (2,)
clamp | ShapeError | t.clamp(x, ones(2)) | clamp | (2,)
lerp | ShapeError | t.lerp(x, ones(2), 0.5) | lerp | (2,)
addcmul | ShapeError | t.addcmul(x, x, ones(2)) | addcmul | (2,)
addcdiv | ShapeError | t.addcdiv(x, x, ones(2)) | addcdiv | (2,)
atan2 | ShapeError | t.atan2(x, ones(2)) | atan2 | (2,)
hypot | ShapeError | t.hypot(x, ones(2)) | hypot | (2,)
logaddexp | ShapeError | t.logaddexp(x, ones(2)) | logaddexp | (2,)
fmod | ShapeError | t.fmod(x, ones(2)) | fmod | (2,)
remainder | ShapeError | t.remainder(x, ones(2)) | remainder | (2,)
float_power | ShapeError | t.float_power(x, ones(2)) | pow | (2,)
logical_and | ShapeError | t.logical_and(x, ones(2)) | and | (2,)
bitwise_or | ShapeError | t.bitwise_or(n, n[0, :2]) | or | (2,)
isclose | ShapeError | t.isclose(x, ones(2)) | isclose | (2,)
dist | ShapeError | t.dist(x, ones(2)) | dist | (2,)
matmul | ShapeError | x @ ones(4, 5) | (2, 3) @ (4, 5) | match | 3 != 4
matmul | ShapeError | x @ tensor(2.0) | at least one axis | use *
matmul | ShapeError | ones(2, 2, 3) @ ones(3, 3, 2) | leading axes
matmul | DTypeError | x @ n.T | matmul | same dtype | .float()
matmul | DTypeError | x @ x.double().T | matmul | float64 | .double()
mm | ShapeError | t.mm(x, ones(3)) | mm | mat2 | matrix (2-D) | (3,)
mm | ShapeError | t.mm(x, ones(4, 5)) | (2, 3) @ (4, 5) | 3 != 4
bmm | ShapeError | t.bmm(x, x) | bmm | 3-D | (2, 3)
bmm | ShapeError | t.bmm(ones(2, 3, 4), ones(3, 4, 5)) | bmm | (3, 4, 5)
mv | ShapeError | t.mv(x, ones(2)) | (2, 3) @ (2,) | 3 != 2
dot | ShapeError | t.dot(ones(3), ones(4)) | (3,) | (4,)
dot | ShapeError | t.dot(x, x) | dot | vector (1-D) | (2, 3)
vdot | ShapeError | t.vdot(x, x) | vdot | vector (1-D) | (2, 3)
outer | ShapeError | t.outer(x, ones(3)) | outer | (2, 3)
inner | ShapeError | t.inner(ones(3), ones(4)) | inner | (3,) | (4,)
addmm | ShapeError | t.addmm(ones(5), x, ones(3, 2)) | addmm | (5,)
addmv | ShapeError | t.addmv(ones(5), x, ones(3)) | addmv | (5,)
addr | ShapeError | t.addr(ones(5), ones(2), ones(3)) | addr | (5,)
baddbmm | ShapeError | t.baddbmm(ones(5), ones(2, 3, 4), ones(2, 4, 3)) | baddbmm | (5,) |
    (2, 3, 3)
addbmm | ShapeError | t.addbmm(ones(5), ones(2, 3, 4), ones(2, 4, 3)) | addbmm | (5,) | (3, 3)
einsum | ShapeError | t.einsum("ij,jk->ik", x, x) | einsum | 3 | 2
einsum | ShapeError | t.einsum("ijk->i", x) | einsum | subscripts | ijk
einsum | ShapeError | t.einsum("ij->k", x) | einsum | k
einsum | ShapeError | t.einsum("i1->i", x) | einsum | 1
einsum | ShapeError | t.einsum("ij,jk->ik", x) | einsum | operands | 1
tensordot | ShapeError | t.tensordot(x, x, dims=1) | tensordot | 3 | 2
chain_matmul | ShapeError | t.chain_matmul(x, x) | (2, 3) | 3 != 2
trace | ShapeError | t.trace(ones(3)) | trace | matrix | (3,)
det | ShapeError | t.det(x) | det | square | (2, 3)
linalg.inv | ShapeError | t.linalg.inv(x) | inv | square | (2, 3)
linalg.inv | RuntimeError | t.linalg.inv(zeros(2, 2)) | inv | Singular
linalg.solve | ShapeError | t.linalg.solve(x, ones(2)) | solve | square
linalg.solve | ShapeError | t.linalg.solve(ones(3, 3), ones(4)) | solve | (3, 3) | (4,)
linalg.svd | ShapeError | t.linalg.svd(ones(3)) | svd | 2 | (3,)
linalg.multi_dot | ShapeError | t.linalg.multi_dot([x]) | multi_dot | 2 | 1
linalg.matmul | ShapeError | t.linalg.matmul(x, x) | (2, 3) @ (2, 3)
linalg.matrix_norm | ShapeError | t.linalg.matrix_norm(ones(3)) | norm | 2
cdist | ShapeError | t.cdist(x, ones(2, 4)) | cdist | 3 | 4
cosine_similarity | ShapeError | F.cosine_similarity(x, ones(2, 4)) | (2, 4)
pairwise_distance | ShapeError | F.pairwise_distance(x, ones(2, 4)) | (2, 4)
reshape | ShapeError | x.reshape(4, 2) | reshape | [4, 2] | size 6
reshape | ShapeError | x.reshape(-1, -1) | reshape | -1
reshape | ShapeError | x.reshape(-1, 4) | reshape | [-1, 4] | size 6
reshape | DTypeError | x.reshape(1.5, 4) | reshape | 1.5 | integers
Tensor.view | ShapeError | x.view(5) | view | [5] | size 6
Tensor.view | ShapeError | x.T.view(6) | view | stride | .reshape(
Tensor.view_as | ShapeError | x.view_as(ones(4)) | view | [4] | size 6
unflatten | ShapeError | x.unflatten(1, (2, 2)) | unflatten | 2, 2 | 3
flatten | ShapeError | t.flatten(x, 1, 0) | flatten | start_dim
Tensor.expand | ShapeError | x.expand(4, 3) | expand | [4, 3] | [2, 3]
Tensor.expand | ShapeError | x.expand(3) | expand | (1) | (2)
broadcast_to | ShapeError | t.broadcast_to(x, (2, 4)) | [2, 4] | [2, 3]
broadcast_tensors | ShapeError | t.broadcast_tensors(x, ones(2)) | (2,)
broadcast_shapes | ShapeError | t.broadcast_shapes((2, 3), (2,)) | (2,)
permute | ShapeError | x.permute(0) | permute | (2) | [0]
permute | ShapeError | x.permute(0, 0) | permute | duplicate | [0, 0]
permute | AxisError | x.permute(0, 5) | permute | [-2, 1], but got 5
movedim | ShapeError | t.movedim(x, (0, 1), (0,)) | movedim
movedim | ShapeError | t.movedim(x, (0, 0), (0, 1)) | movedim | 0
t | ShapeError | t.t(ones(2, 3, 4)) | t() | 3D | transpose
adjoint | ShapeError | t.adjoint(ones(3)) | adjoint | 1-D
Tensor.repeat | ShapeError | x.repeat(2) | repeat | 2
repeat_interleave | ShapeError | t.repeat_interleave(x, tensor([1, 2, 3]), dim=0) | repeat | 3 | 2
roll | ShapeError | t.roll(x, (1, 2), (0,)) | roll
flip | AxisError | t.flip(x, (0, 0)) | flip | 0
fliplr | ShapeError | t.fliplr(ones(3)) | fliplr | 2
flipud | ShapeError | t.flipud(tensor(1.0)) | flipud | 1
rot90 | ShapeError | t.rot90(ones(3)) | rot90
tril | ShapeError | t.tril(ones(3)[0]) | tril | 2
triu | ShapeError | t.triu(ones(3)[0]) | triu | 2
diag | ShapeError | t.diag(ones(2, 3, 4)) | diag | 3
diagonal | AxisError | t.diagonal(x, 0, 1, 1) | diagonal | 1
diag_embed | AxisError | t.diag_embed(x, 0, 1, 1) | diag_embed | 1
cat | ShapeError | t.cat([x, ones(2, 4)]) | cat | (2, 3) | (2, 4) | number 1
cat | ShapeError | t.cat([x, ones(2, 3, 1)]) | cat | 2 | 3
cat | ShapeError | t.cat([]) | cat | non-empty
stack | ShapeError | t.stack([x, ones(2, 4)]) | stack | (2, 3) | (2, 4)
stack | ShapeError | t.stack([]) | stack | non-empty
hstack | ShapeError | t.hstack([x, ones(3, 3)]) | hstack | 2 | 3
vstack | ShapeError | t.vstack([x, ones(2, 4)]) | vstack | 3 | 4
dstack | ShapeError | t.dstack([x, ones(2, 4)]) | dstack | 3 | 4
column_stack | ShapeError | t.column_stack([x, ones(3)]) | stack | 2 | 3
meshgrid | ShapeError | t.meshgrid(x, indexing="ij") | meshgrid | (2, 3)
meshgrid | ShapeError | t.meshgrid(ones(3), indexing="no") | meshgrid | no
cartesian_prod | ShapeError | t.cartesian_prod(x) | cartesian_prod | (2, 3)
block_diag | ShapeError | t.block_diag(ones(2, 3, 4)) | block_diag | 3
split | ShapeError | t.split(x, [1, 1], 1) | split | 3 | [1, 1]
split | ShapeError | t.split(x, 0) | split | 0
split_with_sizes | ShapeError | t.split_with_sizes(x, [1, 2]) | sum | 2 | [1, 2]
chunk | ShapeError | t.chunk(x, 0) | chunk | greater than 0
tensor_split | ShapeError | t.tensor_split(x, 0) | tensor_split | 0
hsplit | ShapeError | t.hsplit(x, 2) | hsplit | 3 | 2
vsplit | ShapeError | t.vsplit(ones(3), 2) | vsplit | 2
dsplit | ShapeError | t.dsplit(x, 2) | dsplit | 3
unbind | AxisError | t.unbind(tensor(1.0)) | unbind
select | AxisError | t.select(x, 1, 3) | select | 3 | 2, 3
narrow | ShapeError | t.narrow(x, 1, 2, 2) | narrow | 2 | 3
Tensor.unfold | ShapeError | x.unfold(1, 4, 1) | unfold | 3 | 4
Tensor.unfold | ShapeError | x.unfold(1, 2, 0) | unfold | step | 0
topk | ShapeError | t.topk(x, 4) | topk | k | 4
kthvalue | ShapeError | t.kthvalue(x, 4) | kthvalue | 4
max | ShapeError | t.max(ones(0)) | max | 'dim' | (0,)
argmax | AxisError | t.argmax(ones(0)) | argmax | 'dim' | (0,)
amax | AxisError | t.amax(ones(0), dim=0) | amax | 0
diff | ShapeError | t.diff(tensor(1.0)) | diff
bincount | ShapeError | t.bincount(n) | bincount | 1
bincount | DTypeError | t.bincount(ones(3)) | bincount | float32
histc | ShapeError | t.histc(x, 0) | histc | 0
bucketize | ShapeError | t.bucketize(x, x) | bucketize | 1
searchsorted | ShapeError | t.searchsorted(x, ones(3, 3)) | searchsorted | (2, 3)
"""

INDICES = """
gather | RuntimeError | t.gather(x, 1, tensor([[3]])) | gather | 3 | size 3
gather | ShapeError | t.gather(x, 1, tensor([0])) | gather | dimensions
gather | ShapeError | t.gather(x, 1, tensor([[0]] * 3)) | gather | (3, 1) | (2, 3)
gather | DTypeError | t.gather(x, 1, x) | gather | int64 | float32
index_select | AxisError | t.index_select(x, 1, tensor([3])) | index 3 | size 3
index_select | DTypeError | t.index_select(x, 1, ones(1)) | float32
index_select | IndexError | t.index_select(x, 1, n) | index_select | vector
take | AxisError | t.take(x, tensor([6])) | take | 6
take | DTypeError | t.take(x, ones(1)) | take | float32
take_along_dim | ShapeError | t.take_along_dim(x, tensor([0]), 1) | 2 | 1
masked_select | DTypeError | t.masked_select(x, n) | mask | int64
masked_select | ShapeError | t.masked_select(x, ones(2) > 0) | (2,)
masked_fill | DTypeError | t.masked_fill(x, n, 0) | mask | int64
masked_fill | ShapeError | t.masked_fill(x, ones(2) > 0, 0) | (2,)
masked_scatter | ShapeError | t.masked_scatter(x, x > 0, ones(2)) | masked_scatter | 2 | 6
scatter | RuntimeError | t.scatter(x, 1, tensor([[3]]), 1.0) | scatter | 3
scatter | DTypeError | t.scatter(x, 1, x, 1.0) | scatter | float32
scatter | ShapeError | t.scatter(x, 1, tensor([[0, 1]]), ones(1, 1)) | scatter | (1, 2) | (1, 1)
scatter_add | ShapeError | t.scatter_add(x, 1, tensor([0]), x) | scatter_add
scatter_add | DTypeError | t.scatter_add(x, 1, n, n) | scatter_add | int64
scatter_reduce | ShapeError | t.scatter_reduce(x, 1, n, x, "median") | scatter_reduce | median
index_add | ShapeError | t.index_add(x, 0, tensor([0]), x) | index_add
index_add | RuntimeError | t.index_add(x, 0, tensor([2]), ones(1, 3)) | index_add | 2
index_fill | AxisError | t.index_fill(x, 0, tensor([2]), 1.0) | index_fill | 2
index_put | ShapeError | t.index_put(x, (tensor([0]),), ones(2)) | index_put
index_put | AxisError | t.index_put(x, (tensor([2]),), ones(3)) | index_put | 2
[getitem] | IndexError | x[2] | 2 | 0 | size 2
[getitem] | IndexError | x[0, 5] | 5 | size 3
[getitem] | IndexError | x[0, 0, 0] | too many indices | dimension 2
[getitem] | IndexError | x[1.5] | float | integers
[getitem] | IndexError | x[ones(2)] | float32 | integers or bool
[getitem] | IndexError | x[ones(3) > 0] | mask | (3,) | (2, 3)
[getitem] | IndexError | x[tensor([0, 4])] | 4 | size 2
[getitem] | ValueError | x[::-1] | step | flip
[getitem] | IndexError | tensor(1.0)[0] | .item()
[setitem] | ShapeError | x.__setitem__(0, ones(2)) | (2,) | (2, 3)
[setitem] | IndexError | x.__setitem__(5, 1.0) | 5 | size 2
[setitem] | DTypeError | x.__setitem__(0, "a") | string | (2, 3)
embedding | AxisError | F.embedding(tensor([3]), ones(3, 2)) | embedding | 3
embedding | DTypeError | F.embedding(ones(2), ones(3, 2)) | float32
embedding | ShapeError | F.embedding(tensor([0]), ones(3)) | 2-D | (3,)
one_hot | DTypeError | F.one_hot(ones(2)) | one_hot | float32
one_hot | ShapeError | F.one_hot(tensor([3]), 3) | one_hot | 3
one_hot | ShapeError | F.one_hot(tensor([-1])) | one_hot | non-negative
"""

DTYPES = """
mean | DTypeError | t.mean(n) | mean | int64 | .float() | dtype=
nanmean | DTypeError | t.nanmean(n) | nanmean | int64
var | DTypeError | t.var(n) | var | int64
std | DTypeError | t.std(n) | std | int64
var_mean | DTypeError | t.var_mean(n) | var | int64
std_mean | DTypeError | t.std_mean(n) | std | int64
softmax | DTypeError | t.softmax(n, 0) | softmax | int64
log_softmax | DTypeError | t.log_softmax(n, 0) | softmax | int64
norm | DTypeError | t.norm(n) | norm | int64
linalg.norm | DTypeError | t.linalg.norm(n) | norm | int64
linalg.vector_norm | DTypeError | t.linalg.vector_norm(n) | norm | int64
det | DTypeError | t.det(n[:, :2]) | det | int64
linalg.inv | DTypeError | t.linalg.inv(n[:, :2]) | inv | int64
hypot | DTypeError | t.hypot(n, n) | hypot | int64
logaddexp | DTypeError | t.logaddexp(n, n) | logaddexp | int64
lerp | DTypeError | t.lerp(n, n, 1) | lerp | int64
bitwise_and | DTypeError | t.bitwise_and(x, x) | bitwise_and | float32
bitwise_or | DTypeError | t.bitwise_or(x, x) | bitwise_or | float32
bitwise_xor | DTypeError | t.bitwise_xor(x, x) | xor | float32
bitwise_not | DTypeError | t.bitwise_not(x) | bitwise_not | float32
neg | DTypeError | -(x > 0) | neg | bool | logical_not
sub | DTypeError | (x > 0) - (x > 0) | sub | bool | logical_xor
pow | RuntimeError | n ** (-1) | pow | negative
floor_divide | RuntimeError | n // 0 | divided by 0 | .float()
remainder | RuntimeError | n % 0 | divided by 0 | .float()
fmod | RuntimeError | t.fmod(n, 0) | divided by 0
gelu | DTypeError | F.gelu(n) | gelu | int64
elu | DTypeError | F.elu(n) | elu | int64
silu | DTypeError | F.silu(n) | silu | int64
softplus | DTypeError | F.softplus(n) | softplus | int64
logsigmoid | DTypeError | F.logsigmoid(n) | sigmoid | int64
leaky_relu | DTypeError | F.leaky_relu(n) | leaky_relu | int64
linear | DTypeError | F.linear(x, x.double()) | linear | float64
mse_loss | DTypeError | F.mse_loss(n, n) | mse_loss | int64
cross_entropy | DTypeError | F.cross_entropy(n, tensor([0, 1])) | cross_entropy | int64
cross_entropy | DTypeError | F.cross_entropy(x, ones(2)) | cross_entropy | float32 | .long()
nll_loss | DTypeError | F.nll_loss(x, ones(2)) | nll_loss | float32 | .long()
multi_margin_loss | DTypeError | F.multi_margin_loss(x, ones(2)) | float32
batch_norm | DTypeError | F.batch_norm(n, None, None, training=True) | batch_norm | int64
layer_norm | DTypeError | F.layer_norm(n, (3,)) | layer_norm | int64
dropout | DTypeError | F.dropout(n) | dropout | int64
normalize | DTypeError | F.normalize(n) | norm | int64
cumsum | TypeError | t.cumsum(np.array(["a"]), 0) | cumsum
tensor | TypeError | tensor(np.array(["a"])) | tensor | <U1
tensor | TypeError | tensor(np.array([None])) | tensor | object
tensor | ShapeError | tensor([[1.0], [1.0, 2.0]]) | tensor
from_numpy | TypeError | t.from_numpy([1.0]) | from_numpy | list
from_numpy | TypeError | t.from_numpy(np.array(["a"])) | from_numpy | <U1
exp | TypeError | t.exp("a") | exp | 'input' must be Tensor, not str
add | TypeError | x + "a" | str
add | TypeError | x + None | NoneType
matmul | TypeError | t.matmul(x, [1.0]) | 'other' must be Tensor, not list | tensor(...)
"""

OPTIONS = """
div | RuntimeError | t.div(x, 2, rounding_mode="up") | div | 'up' | trunc | floor
gelu | RuntimeError | F.gelu(x, approximate="sin") | gelu | 'sin' | tanh
norm | RuntimeError | t.norm(x, p="x") | norm | x
linalg.norm | RuntimeError | t.linalg.norm(x, ord="x") | norm | x
linalg.norm | RuntimeError | t.linalg.norm(ones(3), ord="fro") | norm | at least 2 | (3,)
linalg.matrix_norm | RuntimeError | t.linalg.matrix_norm(x, ord=3) | norm | 3
linalg.vector_norm | RuntimeError | t.linalg.vector_norm(x, ord="x") | norm | x
dropout | ValueError | F.dropout(x, 1.5) | dropout | 1.5
round | RuntimeError | t.round(n, decimals=1) | round | int64
cross_entropy | RuntimeError | F.cross_entropy(x, tensor([0, 1]), label_smoothing=2.0) |
    label_smoothing | 2.0
huber_loss | RuntimeError | F.huber_loss(x, x, delta=-1.0) | huber_loss | delta
smooth_l1_loss | RuntimeError | F.smooth_l1_loss(x, x, beta=-1.0) | smooth_l1_loss | beta
multi_margin_loss | ValueError | F.multi_margin_loss(x, tensor([0, 1]), p=3) | multi_margin_loss |
    p
searchsorted | RuntimeError | t.searchsorted(ones(3), ones(3), side="up") | searchsorted | up
glu | RuntimeError | F.glu(x) | glu | 3
clamp | RuntimeError | t.clamp(x) | clamp | min | max
logsumexp | TypeError | t.logsumexp(x) | logsumexp | dim
cumsum | TypeError | t.cumsum(x) | cumsum | dim
prod | TypeError | t.prod(x, dim=(0, 1)) | prod | dim
gumbel_softmax | RuntimeError | F.gumbel_softmax(n) | gumbel_softmax | int64
"""

LOSSES = """
mse_loss | ShapeError | F.mse_loss(x, ones(2)) | mse_loss | (2, 3) | (2,)
l1_loss | ShapeError | F.l1_loss(x, ones(2)) | l1_loss | (2,)
smooth_l1_loss | ShapeError | F.smooth_l1_loss(x, ones(2)) | (2,)
huber_loss | ShapeError | F.huber_loss(x, ones(2)) | huber_loss | (2,)
kl_div | ShapeError | F.kl_div(x, ones(2)) | kl_div | (2,)
poisson_nll_loss | ShapeError | F.poisson_nll_loss(x, ones(2)) | (2,)
gaussian_nll_loss | ShapeError | F.gaussian_nll_loss(x, x, ones(2, 2)) | gaussian_nll_loss |
    (2, 2)
gaussian_nll_loss | ValueError | F.gaussian_nll_loss(x, x, -x) | gaussian_nll_loss | negative
binary_cross_entropy | ValueError | F.binary_cross_entropy(x, ones(2, 1)) | binary_cross_entropy |
    (2, 1)
binary_cross_entropy | RuntimeError | F.binary_cross_entropy(x + 1, x) | binary_cross_entropy |
    between 0 and 1 | with_logits
binary_cross_entropy_with_logits | ValueError |
    F.binary_cross_entropy_with_logits(x, ones(2, 1)) | binary_cross_entropy_with_logits | (2, 1)
cross_entropy | ValueError | F.cross_entropy(x, tensor([0, 1, 2])) | cross_entropy | (2, 3) | (3,)
cross_entropy | IndexError | F.cross_entropy(x, tensor([0, 3])) | Target 3 | 0 to 2
cross_entropy | RuntimeError | F.cross_entropy(x, tensor([0, 1]), weight=ones(2)) | weight |
    3 classes | (2,)
cross_entropy | RuntimeError | F.cross_entropy(x, ones(2, 4)) | float32 | .long()
nll_loss | IndexError | F.nll_loss(x, tensor([0, -3])) | nll_loss | Target -3
nll_loss | ValueError | F.nll_loss(x, tensor([0])) | nll_loss | (2,) | (1,)
multi_margin_loss | RuntimeError | F.multi_margin_loss(x, tensor([0])) | multi_margin_loss |
    (2,) | (1,)
multilabel_margin_loss | RuntimeError | F.multilabel_margin_loss(x, tensor([[0]])) |
    multilabel_margin_loss
cosine_embedding_loss | RuntimeError | F.cosine_embedding_loss(x, ones(2, 4), ones(2)) |
    cosine_embedding_loss | (2, 4)
margin_ranking_loss | RuntimeError | F.margin_ranking_loss(x, x, ones(2)) | margin_ranking_loss |
    (2,)
soft_margin_loss | RuntimeError | F.soft_margin_loss(x, ones(2)) | soft_margin_loss | (2,)
hinge_embedding_loss | RuntimeError | F.hinge_embedding_loss(x, ones(2)) | hinge_embedding_loss |
    (2,)
triplet_margin_loss | RuntimeError | F.triplet_margin_loss(x, x, ones(2, 4)) |
    triplet_margin_loss | (2, 4)
linear | ShapeError | F.linear(x, ones(4, 5)) | linear | (2, 3) has 3 features | (4, 5) expects 5
linear | ShapeError | F.linear(x, ones(4, 3), ones(5)) | bias | (4,) | (5,)
bilinear | ShapeError | F.bilinear(x, x, ones(2, 3, 4)) | bilinear | (2, 3, 4)
batch_norm | RuntimeError | F.batch_norm(x, ones(2), ones(2)) | batch_norm | running_mean | 3
batch_norm | ValueError | F.batch_norm(ones(1, 3), None, None, training=True) | more than 1 value
layer_norm | RuntimeError | F.layer_norm(x, (2,)) | layer_norm | (2,) | (2, 3)
rms_norm | RuntimeError | F.rms_norm(x, (2,)) | rms_norm | (2,) | (2, 3)
group_norm | RuntimeError | F.group_norm(ones(2, 3, 4), 2) | group_norm | 3 | 2
instance_norm | ValueError | F.instance_norm(ones(2, 3, 1)) | more than 1
instance_norm | ValueError | F.instance_norm(ones(2, 3, 4), ones(3)) | running_var
instance_norm | RuntimeError | F.instance_norm(ones(2, 3, 4), ones(3), ones(2)) | running_var | 3
prelu | RuntimeError | F.prelu(x, ones(2)) | prelu | 3 | 2
conv2d | RuntimeError | F.conv2d(x, ones(1, 1, 2, 2)) | conv2d | (N, C, H, W) | (2, 3)
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(2, 3)) | conv2d | weight | (2, 3)
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 3, 2, 2)) | conv2d | 3 channels |
    (1, 2, 4, 4) has 2
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(3, 1, 2, 2), groups=2) | groups=2 | 3
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 2, 2), ones(4)) | bias | (5,) | (4,)
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 5, 2)) | conv2d | (5, 2) | (4, 4) |
    padding
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 2, 2), stride=0) | stride | 0
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 2, 2), padding=-1) | padding | -1
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 2, 2), None, 2, "same") | same |
    stride 1
conv2d | RuntimeError | F.conv2d(ones(1, 2, 4, 4), ones(5, 2, 2, 2).double()) | float64 | float32
max_pool2d | RuntimeError | F.max_pool2d(x, 2) | max_pool2d | (C, H, W) | (2, 3)
max_pool2d | RuntimeError | F.max_pool2d(ones(1, 2, 4, 4), 2, padding=2) | padding | half | (2, 2)
max_pool2d | RuntimeError | F.max_pool2d(ones(1, 2, 4, 4), 5) | max_pool2d | 5 | 4 | too small
fractional_max_pool2d | ValueError | F.fractional_max_pool2d(ones(1, 4, 4), 2) | output_size |
    output_ratio
fractional_max_pool2d | RuntimeError | F.fractional_max_pool2d(ones(1, 4, 4), 3, 3) | (4, 4) |
    too small | (3, 3)
scaled_dot_product_attention | RuntimeError | F.scaled_dot_product_attention(x, ones(2, 4), x) |
    scaled_dot_product_attention | 3 | 4
"""

CREATION = """
zeros | RuntimeError | zeros(-1) | zeros | -1
ones | TypeError | ones(1.5) | ones | 1.5
zeros | TypeError | zeros("a") | zeros | a
zeros | TypeError | zeros(2, sides=1) | zeros | sides
ones | RuntimeError | ones(2, dtype=int64, requires_grad=True) | floating | int64
tensor | RuntimeError | tensor([1], requires_grad=True) | floating | int64
tensor | TypeError | tensor([1], sides=1) | tensor | sides
full | TypeError | t.full(2, 1.0) | full | (2,)
zeros_like | TypeError | t.zeros_like([1.0]) | zeros_like | 'input' must be Tensor, not list
full_like | TypeError | t.full_like(None, 1.0) | full_like | NoneType
arange | RuntimeError | t.arange(0, 5, 0) | arange | zero
arange | RuntimeError | t.arange(5, 0) | arange | 5 | 0
linspace | RuntimeError | t.linspace(0, 1, -1) | linspace | -1
eye | RuntimeError | t.eye(-1) | eye | -1
rand | RuntimeError | t.rand(2, dtype=int64) | rand | int64
randn | TypeError | t.randn("a") | randn | a
randint | RuntimeError | t.randint(5, 5, (2,)) | from=5 | to=5
randperm | RuntimeError | t.randperm(-1) | randperm | -1
normal | RuntimeError | t.normal(0.0, -1.0, (2,)) | normal | -1
bernoulli | RuntimeError | t.bernoulli(ones(2) * 2) | bernoulli | 0 to 1
multinomial | RuntimeError | t.multinomial(ones(2), 3) | multinomial | 3 | 2
multinomial | RuntimeError | t.multinomial(-ones(2), 1) | multinomial | < 0
"""

# PyTorch takes these, or has no such function, or raises what says less.
ONLY_HERE = """
fractional_pool_sizes | ShapeError | F.fractional_pool_sizes(0.5, 0.3, 4) | alpha | 0.5
fractional_pool_sizes | ShapeError | F.fractional_pool_sizes(1.5, 2.0, 4) | u must be | 2.0
stochastic_depth | ValueError | F.stochastic_depth(x, 0.5, "all") | mode | 'all' | row
stochastic_depth | ValueError | F.stochastic_depth(x, 1.5, "row") | between 0 and 1 | 1.5
take_along_dim | ShapeError | t.take_along_dim(x, tensor([[3]]), 1) | 3
index_copy | ShapeError | t.index_copy(x, 0, tensor([0]), x) | index_copy
[getitem] | IndexError | x["a"] | integers | str
tensor | TypeError | tensor(["a"]) | tensor
mse_loss | ShapeError | F.mse_loss(ones(3, 1), ones(3)) | mse_loss | (3, 1) | (3,) |
    .reshape(-1, 1)
multiclass_svm_loss | ShapeError | F.multiclass_svm_loss(x, tensor([0])) | multiclass_svm_loss |
    (2,) | (1,)
multilabel_soft_margin_loss | ShapeError | F.multilabel_soft_margin_loss(x, ones(2)) |
    multilabel_soft_margin_loss | (2,)
"""

TABLES = [SHAPES, INDICES, DTYPES, OPTIONS, LOSSES, CREATION, ONLY_HERE]
