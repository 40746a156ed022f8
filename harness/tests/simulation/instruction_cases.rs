//! The instructions that are tried (`instructions.rs`), each with the steps that it
//! must make.

use std::arch::asm;

/// The general registers in the order of their encoding, without `rsp`, which is
/// last and unused; and the flags.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Registers {
    pub general: [u64; 16],
    pub flags: u64,
}

/// An instruction, or a few.
pub struct Case {
    pub text: &'static str,
    /// The alignment of the operand, in bytes.
    pub align: usize,
    /// The steps on an operand at a multiple of 64: `L`oad, `S`tore, or `U`pdate.
    pub steps: &'static str,
    pub needs: fn() -> bool,
    pub run: fn(&mut Registers),
}

/// Functions that load all registers, run some code, and save all registers.
/// `rdi` points at the operand, `rsi` at private memory.
macro_rules! cases {
    ($needs:expr, $align:expr; $($text:literal => $steps:literal),+ $(,)?) => {
        vec![$(Case {
            text: $text,
            align: $align,
            steps: $steps,
            needs: || $needs,
            run: {
                fn run(registers: &mut Registers) {
                    // SAFETY: the code is written for registers that point at
                    // memory of its own; all registers are saved or named.
                    unsafe {
                        asm!(
                            "push rbx", "push rbp", "push rax",
                            "mov rcx, [rax + 8]", "mov rdx, [rax + 16]", "mov rbx, [rax + 24]",
                            "mov rbp, [rax + 40]", "mov rsi, [rax + 48]", "mov rdi, [rax + 56]",
                            "mov r8, [rax + 64]", "mov r9, [rax + 72]", "mov r10, [rax + 80]",
                            "mov r11, [rax + 88]", "mov r12, [rax + 96]", "mov r13, [rax + 104]",
                            "mov r14, [rax + 112]", "mov r15, [rax + 120]",
                            "push qword ptr [rax + 128]", "popfq", "mov rax, [rax]",
                            $text,
                            "xchg rax, [rsp]",
                            "mov [rax + 8], rcx", "mov [rax + 16], rdx", "mov [rax + 24], rbx",
                            "mov [rax + 40], rbp", "mov [rax + 48], rsi", "mov [rax + 56], rdi",
                            "mov [rax + 64], r8", "mov [rax + 72], r9", "mov [rax + 80], r10",
                            "mov [rax + 88], r11", "mov [rax + 96], r12", "mov [rax + 104], r13",
                            "mov [rax + 112], r14", "mov [rax + 120], r15",
                            "pushfq", "pop qword ptr [rax + 128]", "pop qword ptr [rax]",
                            "cld", "pop rbp", "pop rbx",
                            inout("rax") registers => _,
                            out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _,
                            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
                            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm9") _, out("xmm21") _,
                            out("k1") _, out("k2") _,
                        );
                    }
                }
                run
            },
        }),+]
    };
}

/// Any alignment, any processor.
fn ordinary() -> Vec<Case> {
    cases![true, 1;
        "mov al, [rdi]" => "L", "mov ah, [rdi]" => "L", "mov bx, [rdi]" => "L",
        "mov ecx, [rdi]" => "L", "mov r9, [rdi]" => "L", "mov rdi, [rdi]" => "L",
        "mov [rdi], dl" => "S", "mov [rdi], ch" => "S", "mov [rdi], r8w" => "S",
        "mov [rdi], r10d" => "S", "mov [rdi], rbp" => "S", "mov [rdi], rdi" => "S",
        "mov byte ptr [rdi], 0x85" => "S", "mov word ptr [rdi], 0x8765" => "S",
        "mov dword ptr [rdi], 0x87654321" => "S", "mov qword ptr [rdi], -5" => "S",
        "mov r11d, 3\nmov eax, [rdi + r11*8 - 20]" => "L",
        "mov rax, rdi\nmov rdi, 2\nmov edx, [rax + rdi]" => "L",
        "mov rax, rdi\nshr rax, 1\nand edi, 1\nmov ecx, [rax*2 + rdi]" => "L",
        "movzx eax, byte ptr [rdi]" => "L", "movzx cx, byte ptr [rdi]" => "L",
        "movzx r8, word ptr [rdi]" => "L", "movsx eax, byte ptr [rdi]" => "L",
        "movsx bx, byte ptr [rdi]" => "L", "movsx rdx, word ptr [rdi]" => "L",
        "movsxd rcx, dword ptr [rdi]" => "L", "movsx rdi, byte ptr [rdi]" => "L",
        "movbe eax, [rdi]" => "L", "movbe [rdi], rcx" => "S", "movnti [rdi], eax" => "S",
        "movnti [rdi], r9" => "S",
        "add [rdi], al" => "LS", "adc [rdi], bx" => "LS", "sub [rdi], ecx" => "LS",
        "sbb [rdi], rdx" => "LS", "and [rdi], ah" => "LS", "or [rdi], r9w" => "LS",
        "xor [rdi], r10d" => "LS", "add [rdi], rdi" => "LS",
        "add byte ptr [rdi], 0x90" => "LS", "adc word ptr [rdi], 0x1234" => "LS",
        "sub dword ptr [rdi], -3" => "LS", "sbb qword ptr [rdi], 0x7fffffff" => "LS",
        "and qword ptr [rdi], -16" => "LS", "or dword ptr [rdi], 0x80000001" => "LS",
        "xor qword ptr [rdi], -1" => "LS",
        "cmp [rdi], al" => "L", "cmp qword ptr [rdi], 0" => "L", "cmp rbx, [rdi]" => "L",
        "test [rdi], ecx" => "L", "test byte ptr [rdi], 0x40" => "L",
        "add al, [rdi]" => "L", "adc bx, [rdi]" => "L", "sub ecx, [rdi]" => "L",
        "sbb rdx, [rdi]" => "L", "and ah, [rdi]" => "L", "or r9w, [rdi]" => "L",
        "xor rdi, [rdi]" => "L", "mov rbx, rdi\nadd rbx, [rbx]" => "L",
        "inc byte ptr [rdi]" => "LS", "inc qword ptr [rdi]" => "LS", "dec word ptr [rdi]" => "LS",
        "dec dword ptr [rdi]" => "LS", "neg byte ptr [rdi]" => "LS", "neg qword ptr [rdi]" => "LS",
        "not word ptr [rdi]" => "LS", "not dword ptr [rdi]" => "LS",
        "xadd [rdi], al" => "LS", "xadd [rdi], rcx" => "LS", "xadd [rdi], edi" => "LS",
        "cmpxchg [rdi], bl" => "LS", "cmpxchg [rdi], cx" => "LS", "cmpxchg [rdi], edx" => "LS",
        "cmpxchg [rdi], r9" => "LS", "mov al, [rdi]\ncmpxchg [rdi], bl" => "LLS",
        "mov eax, [rdi]\ncmpxchg [rdi], ecx" => "LLS", "mov rax, [rdi]\ncmpxchg [rdi], rdi" => "LLS",
        "mov rax, rdi\ncmpxchg [rax], r9" => "LS",
        "cmpxchg8b [rdi]" => "LS",
        "mov eax, [rdi]\nmov edx, [rdi + 4]\ncmpxchg8b [rdi]" => "LLLS",
        "push qword ptr [rdi]\npop rax" => "L", "push rbx\npop qword ptr [rdi]" => "S",
        "push word ptr [rdi]\npop cx" => "L",
        "imul eax, [rdi]" => "L", "imul rcx, [rdi], 77" => "L", "imul byte ptr [rdi]" => "L",
        "mul qword ptr [rdi]" => "L", "imul rdi, [rdi]" => "L", "mov rax, rdi\nmul qword ptr [rax]" => "L",
        "xor edx, edx\nor byte ptr [rdi + 3], 0x80\ndiv dword ptr [rdi]" => "LSL",
        "cmovc eax, [rdi]" => "L", "cmovnc eax, [rdi]" => "L", "cmovs rdi, [rdi]" => "L",
        "setp byte ptr [rdi]" => "S", "setc byte ptr [rdi]" => "S",
        "shl dword ptr [rdi], 1" => "LS", "sar qword ptr [rdi], 5" => "LS",
        "shr byte ptr [rdi], cl" => "LS", "rol word ptr [rdi], cl" => "LS",
        "rcr qword ptr [rdi], 1" => "LS", "mov rcx, rdi\nshl qword ptr [rcx], cl" => "LS",
        "shld [rdi], eax, 7" => "LS", "shrd [rdi], rdx, cl" => "LS",
        "popcnt rax, [rdi]" => "L", "bsf ecx, [rdi]" => "L", "bsr rdx, [rdi]" => "L",
        "lzcnt eax, [rdi]" => "L", "tzcnt r8w, [rdi]" => "L",
        "crc32 eax, byte ptr [rdi]" => "L", "crc32 rax, qword ptr [rdi]" => "L",
        "bt dword ptr [rdi], 37" => "L", "bts qword ptr [rdi], 12" => "LS",
        "btr word ptr [rdi], 3" => "LS", "btc dword ptr [rdi], 31" => "LS",
        "and ecx, 31\nbt [rdi], ecx" => "L", "and ecx, 63\nbts [rdi], rcx" => "LS",
        "movsx ecx, cl\nbts [rdi], ecx" => "LS", "movsx rcx, cl\nbtr [rdi], rcx" => "LS",
        "movsx cx, cl\nbtc [rdi], cx" => "LS", "movsx rcx, cl\nsal rcx, 1\nbt [rdi], rcx" => "L",
        "fld qword ptr [rdi]\nfstp qword ptr [rsi]" => "L",
        "fild dword ptr [rsi]\nfistp dword ptr [rdi]" => "S",
        "fld tbyte ptr [rsi]\nfstp tbyte ptr [rdi]" => "SS",
        "fnstcw word ptr [rdi]" => "S",
        "lea rax, [rip + 2f]\nmov [rdi], rax\njmp qword ptr [rdi]\nmov ebx, 1\n2:" => "SL",
        "lea rax, [rip + 2f]\nmov [rdi], rax\ncall qword ptr [rdi]\n2:\npop rax\nmov eax, 1" => "SL",
        "movzx eax, al\nlea rbx, [rdi - 100]\nmov al, 100\nxlatb" => "L",
    ]
}

/// Locked instructions, at their natural alignment: across cache lines some
/// systems forbid them.
fn locked() -> Vec<Case> {
    cases![true, 8;
        "lock add [rdi], al" => "U", "lock add qword ptr [rdi], 1" => "U",
        "lock adc [rdi], cx" => "U", "lock sub [rdi], edx" => "U", "lock sbb [rdi], r8" => "U",
        "lock and dword ptr [rdi], -2" => "U", "lock or [rdi], r9b" => "U",
        "lock xor [rdi], r10" => "U", "lock inc dword ptr [rdi]" => "U",
        "lock dec qword ptr [rdi]" => "U", "lock neg word ptr [rdi]" => "U",
        "lock not qword ptr [rdi]" => "U", "xchg [rdi], al" => "U", "xchg [rdi], bh" => "U",
        "xchg cx, [rdi]" => "U", "xchg [rdi], edx" => "U", "xchg [rdi], rdi" => "U",
        "lock xadd [rdi], al" => "U", "lock xadd [rdi], cx" => "U", "lock xadd [rdi], edx" => "U",
        "lock xadd [rdi], rdi" => "U", "lock cmpxchg [rdi], bl" => "U",
        "lock cmpxchg [rdi], cx" => "U", "lock cmpxchg [rdi], edx" => "U",
        "lock cmpxchg [rdi], r9" => "U", "mov al, [rdi]\nlock cmpxchg [rdi], bl" => "LU",
        "mov eax, [rdi]\nlock cmpxchg [rdi], ecx" => "LU",
        "mov rax, [rdi]\nlock cmpxchg [rdi], rax" => "LU",
        "lock cmpxchg8b [rdi]" => "U",
        "mov eax, [rdi]\nmov edx, [rdi + 4]\nlock cmpxchg8b [rdi]" => "LLU",
        "lock bts dword ptr [rdi], 5" => "U", "lock btr qword ptr [rdi], 61" => "U",
        "lock btc word ptr [rdi], 9" => "U", "movsx ecx, cl\nlock bts [rdi], ecx" => "U",
        "movsx rcx, cl\nlock btr [rdi], rcx" => "U",
    ]
}

fn wide_compare_exchange() -> Vec<Case> {
    cases![is_x86_feature_detected!("cmpxchg16b"), 16;
        "lock cmpxchg16b [rdi]" => "U", "cmpxchg16b [rdi]" => "LS",
        "mov rax, [rdi]\nmov rdx, [rdi + 8]\nlock cmpxchg16b [rdi]" => "LLU",
        "mov rbx, rdi\nlock cmpxchg16b [rbx]" => "U",
        "mov rax, [rdi]\nmov rdx, [rdi + 8]\nmov rcx, rdi\ncmpxchg16b [rcx]" => "LLLS",
    ]
}

/// Vector registers are seen through private memory at `rsi`.
fn vectors() -> Vec<Case> {
    cases![is_x86_feature_detected!("sse4.2"), 1;
        "movdqu xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movups xmm1, [rsi]\nmovups [rdi], xmm1" => "S",
        "lddqu xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movq xmm0, qword ptr [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\nmovq qword ptr [rdi], xmm0" => "S",
        "movd xmm0, dword ptr [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\nmovss dword ptr [rdi], xmm0" => "S",
        "movsd xmm0, qword ptr [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\nmovhps [rdi], xmm0" => "S",
        "movupd xmm9, [rdi]\nmovupd [rsi], xmm9" => "L",
        "movdqu xmm9, [rsi]\nmovups [rdi], xmm9" => "S",
        "movdqu xmm0, [rsi]\nmovd dword ptr [rdi], xmm0" => "S",
        "movss xmm0, dword ptr [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\nmovsd qword ptr [rdi], xmm0" => "S",
        "movdqu xmm0, [rsi]\nmovlpd xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\npinsrb xmm0, byte ptr [rdi], 3\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\npextrw word ptr [rdi], xmm0, 5" => "S",
    ]
}

fn aligned_vectors() -> Vec<Case> {
    cases![is_x86_feature_detected!("sse4.2"), 16;
        "movaps xmm0, [rdi]\nmovups [rsi], xmm0" => "L",
        "movdqa xmm9, [rdi]\nmovups [rsi], xmm9" => "L",
        "movapd xmm0, [rdi]\nmovups [rsi], xmm0" => "L",
        "movups xmm0, [rsi]\nmovaps [rdi], xmm0" => "S",
        "movups xmm9, [rsi]\nmovntps [rdi], xmm9" => "S",
        "movups xmm0, [rsi]\nmovntpd [rdi], xmm0" => "S",
        "movdqu xmm0, [rsi]\nmovdqa [rdi], xmm0" => "S",
        "movdqu xmm0, [rsi]\nmovntdq [rdi], xmm0" => "S",
        "movntdqa xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\npcmpeqb xmm0, [rdi]\npmovmskb eax, xmm0" => "L",
        "movdqu xmm0, [rsi]\npxor xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\npshufb xmm0, [rdi]\nmovdqu [rsi], xmm0" => "L",
        "movdqu xmm0, [rsi]\nptest xmm0, [rdi]" => "L",
        "movdqu xmm0, [rsi]\npcmpistri xmm0, [rdi], 0x0c" => "L",
    ]
}

fn avx() -> Vec<Case> {
    cases![is_x86_feature_detected!("avx2"), 1;
        "vmovdqu ymm0, [rdi]\nvmovdqu [rsi], ymm0" => "LL",
        "vmovdqu ymm0, [rsi]\nvmovdqu [rdi], ymm0" => "SS",
        "vmovdqu xmm0, [rdi]\nvmovdqu [rsi], ymm0" => "L",
        // New instructions clear the upper half, old ones leave it alone; and one
        // that is all zeroes is not in the frame.
        "vmovdqu ymm9, [rsi]\nvmovdqu xmm9, [rdi]\nvmovdqu [rsi], ymm9" => "L",
        "vmovdqu ymm9, [rsi]\nmovdqu xmm9, [rdi]\nvmovdqu [rsi], ymm9\nvzeroupper" => "L",
        "vmovdqu ymm0, [rsi]\nmovsd xmm0, qword ptr [rdi]\nvmovdqu [rsi], ymm0\nvzeroupper" => "L",
        "vmovdqu ymm0, [rsi]\nvmovsd xmm0, qword ptr [rdi]\nvmovdqu [rsi], ymm0" => "L",
        "vmovdqu ymm0, [rsi]\nvmovd xmm0, dword ptr [rdi]\nvmovdqu [rsi], ymm0" => "L",
        "vzeroall\nvmovdqu ymm9, [rdi]\nvmovdqu [rsi], ymm9" => "LL",
        "vzeroall\nvmovdqu ymm9, [rdi]\nvmovdqu [rsi], ymm0" => "LL",
        "vzeroall\nvmovdqu [rdi], ymm0" => "SS",
        "vlddqu ymm0, [rdi]\nvmovups [rsi], ymm0" => "LL",
        "vmovdqu xmm0, [rsi]\nvmovss dword ptr [rdi], xmm0" => "S",
        "vmovdqu xmm0, [rsi]\nvmovq qword ptr [rdi], xmm0" => "S",
        "vpbroadcastb ymm0, byte ptr [rdi]\nvmovdqu [rsi], ymm0" => "L",
        "vmovdqu ymm0, [rsi]\nvpcmpeqb ymm0, ymm0, [rdi]\nvpmovmskb eax, ymm0" => "LL",
        "vmovdqu ymm0, [rsi]\nvptest ymm0, [rdi]" => "LL",
        "vmovdqu ymm0, [rsi]\nvextracti128 [rdi], ymm0, 1" => "S",
        "mov rcx, rdi\nmov edi, 8\nvmovdqu ymm0, [rcx + rdi*8 - 64]\nvmovdqu [rsi], ymm0" => "LL",
        "mov rax, rdi\nsub rax, 32\nshr rax, 1\nand edi, 1\nvmovdqu ymm0, [rax*2 + rdi + 32]\nvmovdqu [rsi], ymm0" => "LL",
        "andn eax, ecx, [rdi]" => "L", "bextr rax, [rdi], rcx" => "L", "shlx eax, [rdi], ecx" => "L",
        "mulx rax, rcx, [rdi]" => "L", "blsr rdi, [rdi]" => "L", "pext rax, rcx, [rdi]" => "L",
    ]
}

fn aligned_avx() -> Vec<Case> {
    cases![is_x86_feature_detected!("avx2"), 32;
        "vmovdqa ymm0, [rdi]\nvmovdqu [rsi], ymm0" => "LL",
        "vmovups ymm9, [rsi]\nvmovaps [rdi], ymm9" => "SS",
        "vmovapd ymm0, [rdi]\nvmovdqu [rsi], ymm0" => "LL",
        "vmovntdqa ymm0, [rdi]\nvmovdqu [rsi], ymm0" => "LL",
        "vmovdqu ymm0, [rsi]\nvmovntdq [rdi], ymm0" => "SS",
        "vmovdqu ymm0, [rsi]\nvmovntps [rdi], ymm0" => "SS",
    ]
}

fn aligned_avx512() -> Vec<Case> {
    cases![is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl"), 64;
        "vmovdqa64 zmm0, [rdi]\nvmovdqu64 [rsi], zmm0" => "LLLL",
        "vmovdqu64 zmm0, [rsi]\nvmovaps [rdi], zmm0" => "SSSS",
        "vmovdqu64 zmm0, [rsi]\nvmovntdq [rdi], zmm0" => "SSSS",
        "vmovntdqa zmm0, [rdi]\nvmovdqu64 [rsi], zmm0" => "LLLL",
    ]
}

/// The masks come from `ecx`, so they are random. Registers 16 and up are saved
/// elsewhere than the others.
fn avx512() -> Vec<Case> {
    cases![is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl"), 1;
        "vmovdqu64 zmm0, [rdi]\nvmovdqu64 [rsi], zmm0" => "LLLL",
        "vmovdqu64 zmm0, [rsi]\nvmovdqu64 [rdi], zmm0" => "SSSS",
        "vmovdqu64 zmm21, [rdi]\nvmovdqu64 [rsi], zmm21" => "LLLL",
        "vmovdqu64 zmm21, [rsi]\nvmovdqu8 [rdi], zmm21" => "SSSS",
        "vmovdqu64 zmm21, [rsi]\nvmovdqu16 [rdi], ymm21" => "SS",
        "vmovdqu64 zmm21, [rsi]\nvmovdqu32 xmm21, [rdi]\nvmovdqu64 [rsi], zmm21" => "L",
        "vmovdqu64 zmm9, [rsi]\nvmovdqu ymm9, [rdi]\nvmovdqu64 [rsi], zmm9" => "LL",
        "vmovdqu64 zmm9, [rsi]\nmovups xmm9, [rdi]\nvmovdqu64 [rsi], zmm9\nvzeroupper" => "L",
        "vzeroall\nvmovdqu64 zmm9, [rdi]\nvmovdqu64 [rsi], zmm9" => "LLLL",
        "vpxorq zmm21, zmm21, zmm21\nvmovups ymm21, [rdi]\nvmovdqu64 [rsi], zmm21" => "LL",
        "vmovdqu64 zmm0, [rsi]\nvpcmpeqb k1, zmm0, [rdi]\nkmovq rax, k1" => "LLLL",
        "vmovdqu64 zmm0, [rsi]\nvpternlogd zmm0, zmm0, [rdi], 0x6a\nvmovdqu64 [rsi], zmm0" => "LLLL",
        "kmovq k1, rcx\nvmovdqu8 zmm0{{k1}}{{z}}, [rdi]\nvmovdqu64 [rsi], zmm0" => "LLLL",
        "vmovdqu64 zmm0, [rsi]\nkmovq k1, rcx\nvmovdqu8 zmm0{{k1}}, [rdi]\nvmovdqu64 [rsi], zmm0" => "LLLL",
        "vmovdqu64 zmm0, [rsi]\nkmovq k2, rcx\nvmovdqu8 [rdi]{{k2}}, zmm0" => "*",
        "vmovdqu64 zmm0, [rsi]\nkmovq k2, rcx\nvmovdqu32 [rdi]{{k2}}, zmm0" => "*",
        "vmovdqu64 zmm0, [rsi]\nmov eax, 0x3f\nkmovq k2, rax\nvmovdqu8 [rdi]{{k2}}, zmm0" => "S",
        "vmovdqu64 zmm0, [rsi]\nmov eax, 0x100\nkmovq k2, rax\nvmovdqu64 [rdi - 64]{{k2}}, zmm0" => "",
        "vmovdqu64 zmm0, [rsi]\nkmovq k2, rcx\nvpmovqd [rdi]{{k2}}, zmm0" => "*",
        "vmovdqu64 zmm0, [rsi]\nvpaddd zmm0, zmm0, [rdi]{{1to16}}\nvmovdqu64 [rsi], zmm0" => "L",
        "kmovq k1, [rdi]\nkmovq rax, k1" => "L", "kmovq k1, rcx\nkmovd [rdi], k1" => "S",
        "vpmovzxbw zmm0, [rdi]\nvmovdqu64 [rsi], zmm0" => "LL",
    ]
}

/// Strings: `rdi` or `rsi` points at private memory, or both are shared.
fn strings() -> Vec<Case> {
    cases![true, 8;
        "movsb" => "S", "movsq" => "S", "stosb" => "S", "stosd" => "S", "xchg rsi, rdi\nlodsb" => "L",
        "xchg rsi, rdi\nlodsw" => "L", "xchg rsi, rdi\nlodsd" => "L", "xchg rsi, rdi\nlodsq" => "L",
        "cmpsb" => "L", "cmpsd" => "L", "scasw" => "L", "scasq" => "L",
        "mov ecx, 24\nrep movsb" => "SSS", "mov ecx, 29\nrep movsb" => "SSSS",
        "mov ecx, 3\nrep movsq" => "SSS", "mov ecx, 4\nrep movsd" => "SS",
        "mov ecx, 21\nxchg rsi, rdi\nrep movsb" => "LLL",
        "mov ecx, 24\nlea rsi, [rdi + 32]\nrep movsb" => "LSLSLS",
        "mov ecx, 4\nlea rsi, [rdi + 1]\nrep movsb" => "LSLSLSLS",
        "mov ecx, 4\nlea rsi, [rdi - 1]\nrep movsb" => "LSLSLSLS",
        "mov ecx, 3\nlea rsi, [rdi - 8]\nrep movsq" => "LSLSLS",
        "mov ecx, 21\nrep stosb" => "SSS", "mov ecx, 5\nrep stosq" => "SSSSS",
        "mov ecx, 9\nrep stosw" => "SSS",
        "mov ecx, 30\nrepe cmpsb" => "*", "mov ecx, 30\nmov rsi, rdi\nrepe cmpsb" => "*",
        "mov ecx, 30\nrepne cmpsw" => "*", "mov ecx, 40\nrepne scasb" => "*",
        "mov ecx, 40\nmov al, [rdi + 7]\nrepne scasb" => "*", "mov ecx, 8\nrepe scasd" => "*",
        "std\nmov ecx, 5\nrep movsb" => "SSSSS", "std\nmov ecx, 3\nrep stosq" => "SSS",
        "std\nmov ecx, 3\nxchg rsi, rdi\nrep movsw" => "LLL", "std\nscasb" => "L",
        "std\nmov ecx, 6\nlea rsi, [rdi + 1]\nrep movsb" => "LSLSLSLSLSLS",
        "xor ecx, ecx\nrep movsb" => "",
    ]
}

/// All that this processor has.
pub fn all_cases() -> Vec<Case> {
    let groups = [
        ordinary(),
        locked(),
        wide_compare_exchange(),
        vectors(),
        aligned_vectors(),
        avx(),
        aligned_avx(),
        avx512(),
        aligned_avx512(),
        strings(),
    ];
    groups.into_iter().flatten().filter(|case| (case.needs)()).collect()
}
