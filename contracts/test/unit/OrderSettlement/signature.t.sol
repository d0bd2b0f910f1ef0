// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {OrderSettlement} from "../../../src/market/OrderSettlement.sol";
import {TokensWallet} from "../../support/doubles/TokensWallet.sol";
import {MarketSetup} from "./MarketSetup.sol";

contract OrderSignatureTest is MarketSetup {
    uint256 private constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_OnlyTheMakersKey() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        expectBadSignature(o, signedBy(bobKey, o));
        expectBadSignature(o, "");
        expectBadSignature(o, new bytes(65));
    }

    function test_EveryFieldIsSigned() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        bytes memory signature = signedBy(aliceKey, o);
        for (uint256 field = 0; field < 7; ++field) {
            IOrderSettlement.Order memory changed = asking(10, 20);
            if (field == 0) changed.sellAmount = 11;
            if (field == 1) changed.buyAmount = 19;
            if (field == 2) changed.receiver = taker;
            if (field == 3) changed.validTo += 1;
            if (field == 4) changed.nonce = 2;
            if (field == 5) changed.maxFeeBps = 99;
            if (field == 6) changed.partiallyFillable = false;
            expectBadSignature(changed, signature);
        }
        IOrderSettlement.Order memory bobs = asking(10, 20);
        bobs.maker = bob;
        expectBadSignature(bobs, signature);
        expectBadSignature(changedPair(), signature);
    }

    function test_MalleableAndShortSignaturesAreRefused() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, market.digestOf(o));
        bytes32 high = bytes32(N - uint256(s));
        expectBadSignature(o, abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)));
        expectBadSignature(o, abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))));
        take(o, 10);
    }

    function test_NobodyIsTheMakerOfAnInvalidSignature() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        o.maker = address(0);
        expectBadSignature(o, new bytes(65));
    }

    function test_AnotherChainIsAnotherOrder() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        bytes memory signature = signedBy(aliceKey, o);
        vm.chainId(8453);
        expectBadSignature(o, signature);
    }

    function test_AnotherContractIsAnotherOrder() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        OrderSettlement other = new OrderSettlement(address(manager), IParamGovernor(address(governor)));
        expectBadSignature(o, signed(aliceKey, other.digestOf(o)));
    }

    function test_ContractsSignByErc1271AndCanTakeItBack() public {
        TokensWallet wallet = new TokensWallet();
        tokenA.mint(address(wallet), 100);
        wallet.approveToken(tokenA, address(market));
        IOrderSettlement.Order memory o = order(address(wallet), address(tokenA), address(tokenB), 100, 200);
        expectBadSignature(o, "");
        bytes32 digest = market.digestOf(o);
        wallet.approveDigest(digest, true);
        vm.prank(taker);
        market.fill(o, "", 40, 0);
        assertEq(tokenB.balanceOf(address(wallet)), 80, "got");
        wallet.approveDigest(digest, false);
        expectBadSignature(o, "");
    }

    /// The vectors that the TypeScript side is frozen to: hash, digest and who signed.
    function test_AgreesWithTheVectors() public {
        string memory json = vm.readFile("packages/core/vectors/order.json");
        address place = vm.parseJsonAddress(json, ".domain.verifyingContract");
        vm.etch(place, address(market).code);
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = string.concat(".cases[", vm.toString(i), "]");
            IOrderSettlement.Order memory o = orderFrom(json, string.concat(path, ".message"));
            assertEq(market.hashOf(o), vm.parseJsonBytes32(json, string.concat(path, ".structHash")), "struct hash");
            bytes32 digest = OrderSettlement(place).digestOf(o);
            assertEq(digest, vm.parseJsonBytes32(json, string.concat(path, ".digest")), "digest");
            bytes memory signature = vm.parseJsonBytes(json, string.concat(path, ".signature"));
            assertEq(signed(vm.parseJsonUint(json, ".secretKey"), digest), signature, "signature");
        }
        assertTrue(!vm.keyExistsJson(json, ".cases[2]"), "a case was added: read it here");
    }

    function orderFrom(string memory json, string memory path) private pure returns (IOrderSettlement.Order memory o) {
        o.maker = vm.parseJsonAddress(json, string.concat(path, ".maker"));
        o.sellToken = vm.parseJsonAddress(json, string.concat(path, ".sellToken"));
        o.buyToken = vm.parseJsonAddress(json, string.concat(path, ".buyToken"));
        o.sellAmount = vm.parseJsonUint(json, string.concat(path, ".sellAmount"));
        o.buyAmount = vm.parseJsonUint(json, string.concat(path, ".buyAmount"));
        o.receiver = vm.parseJsonAddress(json, string.concat(path, ".receiver"));
        o.validTo = uint64(vm.parseJsonUint(json, string.concat(path, ".validTo")));
        o.nonce = vm.parseJsonUint(json, string.concat(path, ".nonce"));
        o.maxFeeBps = uint16(vm.parseJsonUint(json, string.concat(path, ".maxFeeBps")));
        o.partiallyFillable = vm.parseJsonBool(json, string.concat(path, ".partiallyFillable"));
    }

    function changedPair() private view returns (IOrderSettlement.Order memory) {
        return order(alice, address(tokenB), address(tokenA), 10, 20);
    }

    function expectBadSignature(IOrderSettlement.Order memory o, bytes memory signature) private {
        expectFillRevert(o, signature, 10, abi.encodeWithSelector(IOrderSettlement.BadSignature.selector, o.maker));
    }
}
