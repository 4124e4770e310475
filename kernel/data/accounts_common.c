/*
 * accounts_common.c - passwords that are guessed first. Words shorter than PASSWORD_MIN stand here
 * because people lengthen them with digits; runs of one character and of neighbours (on the
 * keyboard, in the alphabet, among digits) are recognised, not listed.
 */
#include "data/accounts_private.h"

static const char words[] =
    " password passw0rd p@ssword p@ssw0rd pa$$word passwort parol parola passport pass word secret"
    " admin administrator root toor user guest test tester testing demo default changeme change"
    " welcome letmein login logon access master superuser sysadmin support service manager office"
    " iloveyou loveyou lovely love loveme babygirl princess sunshine flower butterfly angel sweety"
    " football baseball basketball hockey soccer liverpool chelsea arsenal barcelona spartak zenit"
    " dynamo cska lokomotiv manchester juventus superman batman spiderman starwars pokemon naruto"
    " matrix trustno1 whatever nothing freedom forever computer internet samsung google facebook"
    " vkontakte yandex rambler mailru windows microsoft android iphone nokia sony toyota mercedes"
    " ferrari porsche corvette mustang harley yamaha honda lada nissan money dollar rubles business"
    " monkey dragon tiger lion shadow killer hunter ranger soldier warrior ninja jordan michael"
    " daniel andrew joshua matthew robert thomas george charlie jessica jennifer michelle nicole"
    " ashley amanda samantha victoria elizabeth anthony william alexander alexandra alexandr"
    " aleksandr aleksey alexey dmitry dmitriy sergey sergei andrey andrei maxim maksim nikita"
    " vladimir mikhail ivan ivanov pavel roman denis anton artem kirill egor igor oleg vadim yuri"
    " natasha natalia nataly tatiana tatyana svetlana marina olga elena irina ekaterina anastasia"
    " nastya katya masha dasha sasha julia yulia ksenia polina kristina valentina galina ludmila"
    " russia rossiya moscow moskva piter sankt ukraine kazakhstan minsk sibir ural kazan sochi"
    " summer winter spring autumn january february october november december monday friday sunday"
    " privet poka zdravstvuy lubov lublu ljubov solnce solnishko kotenok zaika kiska malysh druzhba"
    " sobaka koshka medved volk privet123 qwe asd zxc qaz wsx edc rfv qweasd qweasdzxc qazwsx"
    " qazwsxedc 1qaz2wsx 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 q1w2e3r4t5 zaq12wsx zaq1xsw2"
    " qwe123qwe 123qwe qwe123 asd123 abc123 123abc a1b2c3 a1b2c3d4 aa123456 a123456 qq123456"
    " 1234qwer qwer1234 147258369 159357 123321 1234554321 123654789 987654321 789456123 741852963"
    " 112233 11223344 1122334455 121212 12121212 12341234 123123123 123qweasd 1qazxsw2 asdqwe123"
    " пароль секрет админ администратор привет любовь люблю солнце солнышко котенок зайка киска"
    " малыш россия москва питер спартак зенит динамо наташа марина татьяна светлана екатерина"
    " анастасия настя катя маша даша саша юля кристина александр алексей дмитрий сергей андрей"
    " максим никита владимир михаил иван иванов бухгалтер бухгалтерия менеджер директор продажи"
    " компания офис лето зима весна осень собака кошка медведь йцу фыв ячс ";

static const char *const rows[] = {"qwertyuiop[]",
                                   "asdfghjkl;'",
                                   "zxcvbnm,./",
                                   "йцукенгшщзхъ",
                                   "фывапролджэ",
                                   "ячсмитьбю",
                                   "01234567890",
                                   "abcdefghijklmnopqrstuvwxyz",
                                   "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"};

static bool is_listed(crm_str word)
{
    char spaced[64];
    if (!word.n || word.n > sizeof spaced - 3) {
        return false;
    }
    int n = snprintf(spaced, sizeof spaced, " %.*s ", STR_FMT(word));
    return memmem(words, sizeof words - 1, spaced, (size_t)n) != NULL;
}

/* Runs of neighbours, forward or back, at least three characters each: "qwertyuiop", "12345qwert".
 */
static size_t run_length(crm_str s)
{
    size_t best = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = s.n; n > best && n >= 3; n--) {
            if (memmem(rows[i], strlen(rows[i]), s.p, n)) {
                best = n;
            }
        }
    }
    size_t down = 1;
    while (down < s.n && s.p[down] == s.p[down - 1] - 1 && (unsigned char)s.p[down] < 0x80) {
        down++;
    }
    return best > down || down < 3 ? best : down;
}

static bool is_walk(crm_str s)
{
    while (s.n) {
        size_t n = run_length(s);
        if (!n) {
            return false;
        }
        s = (crm_str){s.p + n, s.n - n};
    }
    return true;
}

static bool is_repetition(crm_str s)
{
    for (size_t period = 1; period <= 4 && period * 2 <= s.n; period++) {
        size_t i = period;
        while (i < s.n && s.p[i] == s.p[i - period]) {
            i++;
        }
        if (i == s.n) {
            return true;
        }
    }
    return false;
}

/* Without digits and marks behind it: at most six, beyond that it is not the word any more. */
static crm_str stem(crm_str s)
{
    size_t n = s.n;
    while (n && s.n - n < 6 && (s.p[n - 1] < 'a' || s.p[n - 1] > 'z') &&
           (unsigned char)s.p[n - 1] < 0x80) {
        n--;
    }
    return (crm_str){s.p, n};
}

bool password_is_common(crm_str folded)
{
    crm_str base = stem(folded);
    return is_listed(folded) || is_repetition(folded) || is_walk(folded) ||
           (base.n && (is_listed(base) || (base.n < folded.n && is_walk(base))));
}
